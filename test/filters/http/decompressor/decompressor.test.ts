import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { FilterRig } from '../../../../src/testing/index.ts';

const gzip = { '@type': 'type.googleapis.com/envoy.extensions.compression.gzip.decompressor.v3.Gzip' };
const config = { '@type': 'type.googleapis.com/envoy.extensions.filters.http.decompressor.v3.Decompressor', decompressor_library: { name: 'lib', typed_config: gzip } };
const rigOf = () => new FilterRig({ filters: [{ name: 'decompressor', typed_config: config }] });

describe('decompressor', () => {
  it('gives both sides plain bodies and tells how large they were', () => {
    const call = rigOf().send({ method: 'POST', headers: { 'content-encoding': 'gzip' }, body: gzipSync('hello') });
    expect(call.upstream!.text).toBe('hello');
    expect(call.upstream!.headers['content-encoding']).toBeUndefined();
    call.upstream!.respond({ headers: { 'content-encoding': 'gzip' }, body: gzipSync('back') });
    expect(call.response).toMatchObject({ text: 'back', ended: true });
    expect(call.response!.trailers).toMatchObject({ 'x-envoy-decompressor-gzip-uncompressed-bytes': '4' });
  });

  it('ends a stream whose body grows beyond the ratio', () => {
    const call = rigOf().send();
    call.upstream!.respond({ headers: { 'content-encoding': 'gzip' }, body: gzipSync(Buffer.alloc(50 << 20)) });
    expect(call.connection.ended).not.toBe('no');
    expect(call.response!.text.length).toBeLessThan(10 << 20);
  });

  it('ends a stream whose body is broken', () => {
    const call = rigOf().send();
    call.upstream!.respond({ headers: { 'content-encoding': 'gzip' }, body: 'this is not gzip' });
    expect(call.connection.ended).not.toBe('no');
  });
});
