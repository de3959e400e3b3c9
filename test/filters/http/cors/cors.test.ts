import { describe, expect, it } from 'vitest';
import { FilterRig } from '../../../../src/testing/index.ts';

const TYPE = 'type.googleapis.com/envoy.extensions.filters.http.cors.v3';
const FILTERS = [{ name: 'cors', typed_config: { '@type': `${TYPE}.Cors` } }];
const policy = { '@type': `${TYPE}.CorsPolicy`, allow_origin_string_match: [{ exact: 'http://good' }], allow_methods: 'PUT', expose_headers: 'x-a' };
const rigOf = (more: object = {}) => new FilterRig({ filters: FILTERS, virtualHost: { typed_per_filter_config: { cors: { ...policy, ...more } } } });

describe('cors', () => {
  it('answers a preflight without the upstream', () => {
    const rig = rigOf();
    const call = rig.send({ method: 'OPTIONS', headers: { origin: 'http://good', 'access-control-request-method': 'PUT' } });
    expect(call.upstream).toBeUndefined();
    expect(call.response!.headers).toMatchObject({ 'access-control-allow-origin': 'http://good', 'access-control-allow-methods': 'PUT' });
    expect(rig.stat('http.test.cors.origin_valid')).toBe(1);
  });

  it('lets the allowed origin read a response, and no other', () => {
    const rig = rigOf();
    const good = rig.send({ headers: { origin: 'http://good' } });
    good.upstream!.respond({ body: 'a' });
    expect(good.response!.headers['access-control-expose-headers']).toBe('x-a');
    const bad = rig.send({ headers: { origin: 'http://bad' } });
    bad.upstream!.respond({ body: 'a' });
    expect(bad.response!.headers['access-control-allow-origin']).toBeUndefined();
    expect(rig.stat('http.test.cors.origin_invalid')).toBe(1);
  });

  it('follows the runtime', () => {
    const rig = rigOf({ filter_enabled: { default_value: { numerator: 100 }, runtime_key: 'cors.on' } });
    rig.setRuntime('cors.on', 0);
    rig.send({ method: 'OPTIONS', headers: { origin: 'http://good', 'access-control-request-method': 'PUT' } });
    expect(rig.upstreams.requests).toHaveLength(1);
  });
});
