import { describe, expect, it } from 'vitest';
import { FilterRig } from '../../../../src/testing/index.ts';

const rigOf = (fault: object) =>
  new FilterRig({ filters: [{ name: 'fault', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault', ...fault } }] });
const always = { numerator: 100 };

describe('fault', () => {
  it('delays a request and its body', () => {
    const rig = rigOf({ delay: { fixed_delay: '2s', percentage: always } });
    const call = rig.send({ method: 'POST', body: ['a', 'b'] });
    rig.advance(1_999);
    expect(call.upstream).toBeUndefined();
    expect(rig.stat('http.test.fault.active_faults')).toBe(1);
    rig.advance(1);
    expect(call.upstream!.text).toBe('ab');
    call.upstream!.respond({ body: 'x' });
    expect(rig.stat('http.test.fault.active_faults')).toBe(0);
  });

  it('forgets a delayed request whose client went away', () => {
    const rig = rigOf({ delay: { fixed_delay: '2s', percentage: always } });
    rig.send().cut();
    rig.advance(3_000);
    expect(rig.upstreams.requests).toHaveLength(0);
    expect(rig.stat('http.test.fault.active_faults')).toBe(0);
  });

  it('injects no more faults at a time than it may', () => {
    const rig = rigOf({ delay: { fixed_delay: '2s', percentage: always }, max_active_faults: 1 });
    rig.send();
    expect(rig.send().upstream).toBeDefined();
    expect(rig.stat('http.test.fault.faults_overflow')).toBe(1);
  });

  it('lets so many KiB of a response pass in a second, and then its trailers', () => {
    const rig = rigOf({ response_rate_limit: { fixed_limit: { limit_kbps: 1 }, percentage: always } });
    const call = rig.send();
    call.upstream!.respond({ body: 'a'.repeat(1024), trailers: { 'x-t': 'end' } });
    for (let elapsedMs = 0; elapsedMs < 500; elapsedMs += 50) rig.advance(50);
    expect(call.response!.text.length).toBeGreaterThan(400);
    expect(call.response!.text.length).toBeLessThan(650);
    for (let elapsedMs = 0; elapsedMs < 700; elapsedMs += 50) rig.advance(50);
    expect(call.response).toMatchObject({ ended: true, trailers: { 'x-t': 'end' } });
    expect(call.response!.text).toHaveLength(1024);
  });

  it('pauses the source of a response that it holds back', () => {
    const rig = rigOf({ response_rate_limit: { fixed_limit: { limit_kbps: 1 }, percentage: always } });
    const call = rig.send();
    call.upstream!.respond({ body: 'a'.repeat(2 << 20), more: true });
    expect(call.upstream!.paused).toBe(1);
  });
});
