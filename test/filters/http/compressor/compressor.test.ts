import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { chooseEncoding } from '../../../../src/filters/http/compressor/accept-encoding.ts';
import { FilterRig } from '../../../../src/testing/index.ts';

const rigOf = (library: 'gzip' | 'brotli' | 'zstd', more: object = {}) => {
  const message = `${library[0]!.toUpperCase()}${library.slice(1)}`;
  const typed = { '@type': `type.googleapis.com/envoy.extensions.compression.${library}.compressor.v3.${message}` };
  const config = { '@type': 'type.googleapis.com/envoy.extensions.filters.http.compressor.v3.Compressor', compressor_library: { name: 'lib', typed_config: typed }, ...more };
  return new FilterRig({ filters: [{ name: 'compressor', typed_config: config }] });
};
const OPEN = { gzip: gunzipSync, brotli: brotliDecompressSync, zstd: zstdDecompressSync };
const TOKEN = { gzip: 'gzip', brotli: 'br', zstd: 'zstd' };

describe('compressor', () => {
  it.each(['gzip', 'brotli', 'zstd'] as const)('compresses a response with %s, chunk by chunk', (library) => {
    const rig = rigOf(library);
    const call = rig.send({ headers: { 'accept-encoding': TOKEN[library] } });
    call.upstream!.respond({ headers: { 'content-type': 'text/plain' }, body: ['hello '.repeat(50), 'world '.repeat(20_000), 'end'] });
    const { headers, body, ended } = call.response!;
    expect(headers).toMatchObject({ 'content-encoding': TOKEN[library], vary: 'Accept-Encoding' });
    expect(headers['content-length']).toBeUndefined();
    expect(ended).toBe(true);
    expect(OPEN[library](body).toString()).toBe('hello '.repeat(50) + 'world '.repeat(20_000) + 'end');
    expect(rig.stat(`http.test.compressor.lib.${library}.compressed`)).toBe(1);
    expect(rig.stat(`http.test.compressor.lib.${library}.total_compressed_bytes`)).toBe(body.length);
  });

  it('ends the compressed body before trailers', () => {
    const call = rigOf('gzip').send({ headers: { 'accept-encoding': 'gzip' } });
    call.upstream!.respond({ headers: { 'content-type': 'text/plain' }, body: 'hello', trailers: { 'x-t': '1' } });
    expect(gunzipSync(call.response!.body).toString()).toBe('hello');
    expect(call.response!.trailers).toEqual({ 'x-t': '1' });
  });

  it('compresses requests where told to', () => {
    const call = rigOf('gzip', { request_direction_config: { common_config: { enabled: { default_value: true, runtime_key: 'x' } } } }).send({
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: 'hello '.repeat(20),
    });
    expect(call.upstream!.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(call.upstream!.body).toString()).toBe('hello '.repeat(20));
  });

  it('compresses the types that are named or matched, without their parameters', () => {
    const isCompressed = (types: object, type: string): boolean => {
      const call = rigOf('gzip', { response_direction_config: { common_config: types } }).send({ headers: { 'accept-encoding': 'gzip' } });
      call.upstream!.respond({ headers: { 'content-type': type }, body: 'a'.repeat(200) });
      return call.response!.headers['content-encoding'] === 'gzip';
    };
    const matcher = { content_type_matcher: [{ prefix: 'application/x-' }, { safe_regex: { regex: 'font/.*' } }] };
    expect(['application/x-a', 'font/woff; v=1', 'text/plain'].map((type) => isCompressed(matcher, type))).toEqual([true, true, false]);
    expect(['application/x-a', 'text/own'].map((type) => isCompressed({ ...matcher, content_type: ['text/own'] }, type))).toEqual([true, false]);
    expect(['Text/Own', 'text/plain'].map((type) => isCompressed({ content_type: ['text/own'] }, type))).toEqual([true, false]);
    expect(['application/x-a', 'text/plain'].map((type) => isCompressed({}, type))).toEqual([false, true]);
  });

  it('takes a least length of 0 for none that is given', () => {
    const lengthsOf = (length: number): string | undefined => {
      const call = rigOf('gzip', { response_direction_config: { common_config: { min_content_length: 0 } } }).send({ headers: { 'accept-encoding': 'gzip' } });
      call.upstream!.respond({ headers: { 'content-type': 'text/plain', 'content-length': String(length) }, body: 'a'.repeat(length) });
      return call.response!.headers['content-encoding'];
    };
    expect([lengthsOf(29), lengthsOf(30)]).toEqual([undefined, 'gzip']);
  });

  it('tells why a response is compressed or not, where told to', () => {
    const response = { status_header_enabled: true, disable_on_etag_header: true, uncompressible_response_codes: [206], common_config: { min_content_length: 10 } };
    const statusOf = (status: number, headers: Record<string, string>, body: string): string | undefined => {
      const call = rigOf('gzip', { response_direction_config: response }).send({ headers: { 'accept-encoding': 'gzip' } });
      call.upstream!.respond({ status, headers: { 'content-type': 'text/plain', 'content-length': String(body.length), ...headers }, body });
      return call.response!.headers['x-envoy-compression-status'];
    };
    const large = 'a'.repeat(20);
    expect(statusOf(200, {}, large)).toBe('gzip;Compressed;OriginalLength=20');
    expect(statusOf(200, {}, 'small')).toBe('gzip;ContentLengthTooSmall');
    expect(statusOf(200, { 'content-type': 'image/png', etag: '"a"' }, large)).toBe('gzip;ContentTypeNotAllowed');
    expect(statusOf(206, { etag: '"a"' }, large)).toBe('gzip;StatusCodeNotAllowed');
    expect(statusOf(200, { etag: '"a"' }, large)).toBe('gzip;EtagNotAllowed');
    expect(statusOf(200, { 'content-encoding': 'br' }, 'small')).toBeUndefined();
  });

  it('chooses what the client prefers of what there is', () => {
    const offers = (...encodings: string[]) => encodings.map((encoding) => ({ encoding, chooseFirst: false }));
    expect(chooseEncoding('br;q=0.5, gzip', offers('gzip', 'br'))).toEqual({ encoding: 'gzip', reason: 'valid' });
    expect(chooseEncoding('*', offers('br', 'gzip'))).toEqual({ encoding: 'br', reason: 'wildcard' });
    expect(chooseEncoding('br;q=0, *', offers('br', 'gzip'))).toEqual({ encoding: 'gzip', reason: 'wildcard' });
    expect(chooseEncoding('br;q=0, *', offers('br')).reason).toBe('not-valid');
    expect(chooseEncoding('gzip;q=x', offers('gzip')).reason).toBe('not-valid');
    expect(chooseEncoding('gzip;q=x, br;q=1e-1', offers('gzip', 'br'))).toEqual({ encoding: 'br', reason: 'valid' });
    expect(chooseEncoding('gzip, gzip;q=0', offers('gzip')).reason).toBe('not-valid');
    expect(chooseEncoding('identity', offers()).reason).toBe('not-valid');
    expect(chooseEncoding('identity', offers('gzip')).reason).toBe('identity');
    expect(chooseEncoding('gzip;q=-1, *', offers('gzip'))).toEqual({ encoding: 'gzip', reason: 'wildcard' });
    expect(chooseEncoding('gzip, br', [{ encoding: 'br', chooseFirst: true }, { encoding: 'gzip', chooseFirst: false }])).toEqual({ encoding: 'br', reason: 'valid' });
  });
});
