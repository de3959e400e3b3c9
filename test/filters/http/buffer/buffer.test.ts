import { describe, expect, it } from 'vitest';
import { FilterRig } from '../../../../src/testing/index.ts';

const rigOf = () => new FilterRig({ filters: [{ name: 'buffer', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer', max_request_bytes: 10 } }] });

describe('buffer', () => {
  it('forwards a request when all of it is here, with its length', () => {
    const call = rigOf().send({ method: 'POST', body: 'hel', more: true });
    expect(call.upstream).toBeUndefined();
    call.data('lo', true);
    expect(call.upstream!.text).toBe('hello');
    expect(call.upstream!.headers['content-length']).toBe('5');
  });

  it('answers 413 to what is too large', () => {
    const call = rigOf().send({ method: 'POST', body: 'more than ten bytes', more: true });
    expect(call.response!.status).toBe(413);
    expect(call.upstream).toBeUndefined();
  });
});
