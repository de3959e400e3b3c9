import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/server/configuration-error.ts';
import { FilterRig } from '../../src/testing/index.ts';

describe('FilterRig', () => {
  it('carries a request to an upstream and the response back', () => {
    const rig = new FilterRig({ filters: [] });
    const call = rig.send({ method: 'POST', path: '/x', headers: { 'x-a': ['1', '2'] }, body: ['ab', 'c'], trailers: { 'x-t': 'end' } });
    expect(call.upstream!.headers).toMatchObject({ ':method': 'POST', ':path': '/x', ':authority': 'test.example', 'x-a': '1, 2' });
    expect(call.upstream!.text).toBe('abc');
    expect(call.upstream!.trailers).toEqual({ 'x-t': 'end' });
    expect(call.response).toBeUndefined();
    call.upstream!.respond({ status: 201, headers: { 'x-b': '3' }, body: 'hel', more: true });
    expect(call.response).toMatchObject({ status: 201, text: 'hel', ended: false });
    call.upstream!.data('lo', true);
    expect(call.response).toMatchObject({ text: 'hello', ended: true });
    expect(call.response!.headers['x-b']).toBe('3');
    expect(rig.stat('http.test.downstream_rq_2xx')).toBe(1);
  });

  it('moves time by hand', () => {
    const rig = new FilterRig({ filters: [], routes: [{ match: { prefix: '/' }, route: { cluster: 'upstream', timeout: '2s' } }] });
    const call = rig.send();
    rig.advance(1_999);
    expect(call.response).toBeUndefined();
    rig.advance(1);
    expect(call.response!.status).toBe(504);
    expect(call.upstream!.wasReset).toBe(true);
  });

  it('tells of a client that went away', () => {
    const rig = new FilterRig({ filters: [] });
    const call = rig.send({ method: 'POST', more: true, body: 'a' });
    call.cut();
    expect(call.upstream!.wasReset).toBe(true);
  });

  it('pauses the upstream while the client takes nothing', () => {
    const rig = new FilterRig({ filters: [], bufferLimitBytes: 10 });
    const call = rig.send();
    call.connection.stall();
    call.upstream!.respond({ body: 'more than ten bytes', more: true });
    expect(call.upstream!.paused).toBe(1);
    call.connection.drain();
    expect(call.upstream!.paused).toBe(0);
  });

  it('says all that is wrong with a configuration', () => {
    expect(() => new FilterRig({ filters: [{ name: 'none' }] })).toThrow(ConfigurationError);
  });
});
