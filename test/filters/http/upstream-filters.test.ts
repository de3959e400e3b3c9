import { describe, expect, test } from 'vitest';
import type { Extension } from '../../../src/core/extension.ts';
import type { AccessLog, AccessLogEntry } from '../../../src/http/access-log.ts';
import { CONTINUE, type FilterHandle, type FilterStatus, type FilterStream, type HttpFilter, STOP, STOP_AND_BUFFER } from '../../../src/http/filter.ts';
import type { HeaderMap } from '../../../src/http/header-map.ts';
import { FilterRig, type JsonMessage } from '../../../src/testing/index.ts';

const ANY = 'type.googleapis.com';
const codec = { name: 'codec', typed_config: { '@type': `${ANY}/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec` } };
const own = { name: 'own', typed_config: { '@type': `${ANY}/google.protobuf.Struct`, value: {} } };

function extensionOf(filter: HttpFilter): Extension<never, unknown> {
  return { name: 'own', category: 'envoy.filters.http.upstream', configType: 'google.protobuf.Struct', compile: () => filter };
}

/** A proxy whose router has these filters before its upstreams. */
function rigOf(filters: readonly JsonMessage[], filter?: HttpFilter, bufferLimitBytes = 1 << 20): FilterRig {
  const router = { '@type': `${ANY}/envoy.extensions.filters.http.router.v3.Router`, upstream_http_filters: filters };
  const extensions = filter === undefined ? [] : [extensionOf(filter)];
  return new FilterRig({ filters: [], extensions, bufferLimitBytes, manager: { http_filters: [{ name: 'router', typed_config: router }] } });
}

/** Does nothing but say what it is called for. */
class Spy implements HttpFilter {
  readonly calls: string[] = [];
  handle: FilterHandle | undefined;

  decodeHeaders(stream: FilterStream, headers: HeaderMap, end: boolean): FilterStatus {
    this.calls.push(`${headers.method} to ${stream.info.upstreamHost?.address.text}${end ? ' end' : ''}`);
    this.handle = stream.handle();
    return CONTINUE;
  }

  decodeData(_stream: FilterStream, chunk: Buffer, end: boolean): FilterStatus {
    this.calls.push(`data ${chunk.toString()}${end ? ' end' : ''}`);
    return CONTINUE;
  }

  decodeTrailers(): FilterStatus {
    this.calls.push('trailers');
    return CONTINUE;
  }

  encodeHeaders(_stream: FilterStream, headers: HeaderMap, end: boolean): FilterStatus {
    this.calls.push(`${headers.status}${end ? ' end' : ''}`);
    return CONTINUE;
  }

  encodeData(_stream: FilterStream, chunk: Buffer): FilterStatus {
    this.calls.push(`answer ${chunk.toString()}`);
    return CONTINUE;
  }

  encodeTrailers(): FilterStatus {
    this.calls.push('answer trailers');
    return CONTINUE;
  }

  onDestroy(): void {
    this.calls.push('done');
  }
}

describe('filters before an upstream', () => {
  test('see both messages between the router and the upstream, and their end once', () => {
    const spy = new Spy();
    const call = rigOf([own, codec], spy).send({ method: 'POST', body: ['ab'], trailers: { 'x-t': '1' } });
    call.upstream!.respond({ status: 200, body: ['cd'], trailers: { 'x-u': '1' } });
    expect(call.response!.text).toBe('cd');
    expect(spy.calls).toEqual(['POST to 10.0.0.1:80', 'data ab', 'trailers', '200', 'answer cd', 'answer trailers', 'done']);
  });

  test('hear of the end of a stream that was given up', () => {
    const spy = new Spy();
    const call = rigOf([own, codec], spy).send();
    call.cut();
    expect(spy.calls).toEqual(['GET to 10.0.0.1:80 end', 'done']);
    expect(call.upstream!.wasReset).toBe(true);
  });

  test('may hold a request, which goes on when they let it', () => {
    const spy = new Spy();
    const held = Object.assign(spy, { decodeHeaders: (stream: FilterStream) => ((spy.handle = stream.handle()), STOP_AND_BUFFER) });
    const call = rigOf([own, codec], held).send({ method: 'POST', body: ['a', 'b'] });
    expect(call.upstream!.headers).toEqual({});
    spy.handle!.continueDecoding();
    expect(call.upstream!.headers[':method']).toBe('POST');
    expect(call.upstream!.text).toBe('ab');
    expect(call.upstream!.ended).toBe(true);
  });

  test('may answer in place of the upstream, which is then asked nothing', () => {
    const denies: HttpFilter = { decodeHeaders: (stream) => (stream.localReply({ status: 403, body: 'no', details: 'own' }), STOP) };
    const call = rigOf([own, codec], denies).send();
    expect(call.response).toMatchObject({ status: 403, text: 'no' });
    expect(call.upstream).toBeUndefined();
  });

  test('may answer in place of what the upstream has answered', () => {
    const spy = new Spy();
    const replaces = Object.assign(spy, { encodeHeaders: (stream: FilterStream) => (stream.localReply({ status: 502, body: 'bad', details: 'own' }), STOP) });
    const call = rigOf([own, codec], replaces).send();
    call.upstream!.respond({ status: 200, body: 'secret' });
    expect(call.response).toMatchObject({ status: 502, text: 'bad' });
    expect(call.upstream!.wasReset).toBe(true);
  });

  test('a request that is more than they may hold is too large', () => {
    const holds: HttpFilter = { decodeHeaders: () => STOP_AND_BUFFER };
    const call = rigOf([own, codec], Object.assign(new Spy(), { ...holds, onDestroy: () => {} })).send({ method: 'POST', more: true });
    for (let sent = 0; sent <= 1 << 20; sent += 1 << 16) call.data('x'.repeat(1 << 16));
    expect(call.response!.status).toBe(413);
    expect(call.upstream!.wasReset).toBe(true);
  });

  test('an answer that is more than they may hold is an error', () => {
    const holds = Object.assign(new Spy(), { encodeHeaders: () => STOP_AND_BUFFER });
    const call = rigOf([own, codec], holds).send();
    call.upstream!.respond({ status: 200, body: ['x'.repeat(1 << 20), 'y'], more: true });
    expect(call.response!.status).toBe(500);
  });
});

describe('the list', () => {
  const problem = (filters: readonly JsonMessage[]): string => {
    try {
      rigOf(filters);
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };
  const mutation = { name: 'hm', typed_config: { '@type': `${ANY}/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation` } };

  test.each<[string, readonly JsonMessage[], RegExp]>([
    ['without the codec', [mutation], /non-terminal filter named hm of type envoy\.filters\.http\.header_mutation is the last filter in a router upstream http filter chain\. When upstream_http_filters are specified, they must explicitly end with an UpstreamCodec filter\./],
    ['with something behind the codec', [codec, mutation], /terminal filter named codec of type envoy\.filters\.http\.upstream_codec must be the last filter in a router upstream http filter chain\./],
    ['whose codec is disabled', [mutation, { ...codec, disabled: true }], /the last \(terminal\) filter \(codec\) in the chain cannot be disabled by default\./],
    ['with a filter that only stands in a manager', [{ name: 'cors', typed_config: { '@type': `${ANY}/envoy.extensions.filters.http.cors.v3.Cors` } }, codec], /Didn't find a registered implementation for 'cors' with type URL: 'envoy\.extensions\.filters\.http\.cors\.v3\.Cors'/],
  ])('%s is refused in the words of Envoy', (_name, filters, words) => {
    expect(problem(filters)).toMatch(words);
  });

  test('of the codec alone changes nothing', () => {
    const call = rigOf([codec]).send();
    call.upstream!.respond({ status: 200, body: 'ok' });
    expect(call.response!.text).toBe('ok');
  });
});

describe('upstream_log', () => {
  class MemoryLog implements AccessLog {
    readonly records: string[] = [];

    log({ type, info, requestHeaders, responseHeaders, responseTrailers }: AccessLogEntry): void {
      const flags = info.responseFlags === 0 ? '' : ' failed';
      this.records.push(`${type} ${requestHeaders?.path} ${responseHeaders?.status ?? '-'} ${info.bytesSent}>${info.bytesReceived}${responseTrailers ? ' trailers' : ''}${flags}`);
    }
  }

  /** A proxy whose router records its attempts. */
  function logged(options: JsonMessage = {}): { readonly rig: FilterRig; readonly records: readonly string[] } {
    const log = new MemoryLog();
    const extension: Extension<never, unknown> = { name: 'log', category: 'envoy.access_loggers', configType: 'google.protobuf.Struct', compile: () => log };
    const upstream_log = [{ name: 'log', typed_config: { '@type': `${ANY}/google.protobuf.Struct`, value: {} } }];
    const router = { '@type': `${ANY}/envoy.extensions.filters.http.router.v3.Router`, upstream_log, upstream_log_options: options };
    return { rig: new FilterRig({ filters: [], extensions: [extension], manager: { http_filters: [{ name: 'router', typed_config: router }] } }), records: log.records };
  }

  test('tells of an attempt when its stream ends, in the bytes of the upstream', () => {
    const { rig, records } = logged();
    const call = rig.send({ method: 'POST', path: '/a', body: ['abc'] });
    expect(records).toEqual([]);
    call.upstream!.respond({ status: 200, body: ['de'], trailers: { 'x-t': '1' } });
    expect(records).toEqual(['UpstreamEnd /a 200 3>2 trailers']);
  });

  test('tells once of an attempt that the upstream, or the client, has ended', () => {
    const { rig, records } = logged();
    rig.send({ path: '/up' }).upstream!.cut();
    rig.send({ path: '/down' }).cut();
    expect(records).toEqual(['UpstreamEnd /up - 0>0 failed', 'UpstreamEnd /down - 0>0']);
  });

  test('has a record for the connection where it is asked for', () => {
    const { rig, records } = logged({ flush_upstream_log_on_upstream_stream: true });
    rig.send({ path: '/a' });
    expect(records).toEqual(['UpstreamPoolReady /a - 0>0']);
  });

  test('has a record for each interval until the end', () => {
    const { rig, records } = logged({ upstream_log_flush_interval: '1s' });
    const call = rig.send({ path: '/a' });
    rig.advance(1000);
    rig.advance(1000);
    call.upstream!.respond({ status: 200 });
    rig.advance(5000);
    expect(records).toEqual(['UpstreamPeriodic /a - 0>0', 'UpstreamPeriodic /a - 0>0', 'UpstreamEnd /a 200 0>0']);
  });
});
