import { describe, expect, it } from 'vitest';
import type { NodeInfo } from '../../../src/core/extension.ts';
import { FilterStateTexts } from '../../../src/http/filter-state.ts';
import type { FormatContext } from '../../../src/http/format/operator.ts';
import type { CertificateInfo, TlsInfo } from '../../../src/transport/transport-socket.ts';
import { forwardedEntry, headers, streamInfo } from '../format/format-fixture.ts';
import { celTextOf, runCel } from './run-cel.ts';

const json = (expression: string, stream?: FormatContext): string => (runCel(expression, stream) as { json: string }).json;

/** A connection without a request. */
const connectionOnly = (): FormatContext => ({ info: Object.assign(streamInfo(), { protocol: '' }), requestHeaders: undefined, responseHeaders: undefined });

describe('attributes of a request', () => {
  it('are parts of its head', () => {
    expect(celTextOf('request.path')).toBe('/p/q?a=1%202&b=c&e=&a=3');
    expect(celTextOf('request.url_path')).toBe('/p/q');
    expect(celTextOf('request.query')).toBe('a=1%202&b=c&e=&a=3');
    expect(celTextOf('request.host + "," + request.scheme')).toBeUndefined();
    expect(celTextOf('request.host')).toBe('ex.com:81');
    expect(celTextOf('request.scheme')).toBe('http');
    expect(celTextOf('request.method')).toBe('GET');
    expect(celTextOf('request.useragent')).toBe('agent/1');
    expect(celTextOf('request.referer')).toBeUndefined();
    expect(celTextOf('request.protocol')).toBe('HTTP/1.1');
  });

  it('include its headers by names in any case, lines of one name joined', () => {
    expect(celTextOf('request.headers["x-two"]')).toBe('1,2');
    expect(celTextOf('request.headers["X-TWO"]')).toBe('1,2');
    expect(celTextOf('request.headers[":method"] + request.headers.host')).toBeUndefined();
    expect(celTextOf('request.headers[true ? "x-two" : ""]')).toBe('1,2');
    expect(celTextOf('request.headers["x none"]')).toBeUndefined();
    expect(celTextOf('"x-a" in request.headers && !("x-none" in request.headers)')).toBe('true');
    expect(celTextOf('has(request.headers.host) && !has(request.headers.none)')).toBe('true');
    expect(celTextOf('size(request.headers)')).toBe('10');
    expect(json('response.trailers')).toBe('{"x-t":"trailer"}');
  });

  it('count times and bytes', () => {
    expect(celTextOf('request.time')).toBe('2026-11-21T11:02:10.953691+00:00');
    expect(celTextOf('request.duration')).toBe('8.5ms');
    expect(celTextOf('request.size')).toBe('5');
    expect(celTextOf('request.total_size - request.headers_bytes')).toBe('5');
    const withLength = { ...forwardedEntry(), requestHeaders: headers({ 'content-length': '77' }) };
    expect(celTextOf('request.size', withLength)).toBe('77');
    expect(celTextOf('request.size', { ...withLength, requestHeaders: headers({ 'content-length': 'x' }) })).toBeUndefined();
  });

  it('are absent where there is only a connection', () => {
    for (const name of ['path', 'url_path', 'query', 'host', 'method', 'protocol', 'headers.host', 'duration']) expect(celTextOf(`request.${name}`, connectionOnly()), name).toBeUndefined();
    expect(celTextOf('size(request.headers) == 0 && request.size == 0', connectionOnly())).toBe('true');
    expect(celTextOf('destination.port', connectionOnly())).toBe('80');
  });
});

describe('attributes of a response and its upstream', () => {
  it('are there once they are known', () => {
    expect(celTextOf('response.code >= 200 && response.code < 300')).toBe('true');
    expect(celTextOf('response.code_details')).toBe('via_upstream');
    expect(celTextOf('response.flags')).toBe('0');
    expect(celTextOf('response.grpc_status')).toBe('2');
    expect(celTextOf('response.size')).toBe('3');
    expect(celTextOf('response.backend_latency')).toBe('4.8ms');
    expect(celTextOf('upstream.address')).toBe('10.9.9.9:8080');
    expect(celTextOf('upstream.port')).toBe('8080');
    expect(celTextOf('upstream.request_attempt_count')).toBe('1');
    expect(celTextOf('upstream.cx_pool_ready_duration')).toBe('2.1ms');
    expect(celTextOf('upstream_filter_state["u"]')).toBe('up "x"');
    for (const name of ['response.code', 'response.code_details', 'response.grpc_status', 'upstream.address', 'upstream.num_endpoints', 'upstream_filter_state'])
      expect(celTextOf(name, connectionOnly()), name).toBeUndefined();
  });

  it('tell of the configuration', () => {
    expect(celTextOf('xds.cluster_name')).toBe('u');
    expect(celTextOf('xds.route_name')).toBe('rt');
    expect(celTextOf('xds.filter_chain_name')).toBe('fc');
    expect(celTextOf('xds.cluster_metadata.filter_metadata.ns.key')).toBe('cluster value');
    expect(celTextOf('xds.route_metadata.filter_metadata["ns"].o.z[1]')).toBe('x"é');
    expect(celTextOf('xds.virtual_host_name')).toBeUndefined();
    const node: NodeInfo = { id: 'n', cluster: 'c', zone: 'z', region: 'r', metadata: { a: [1] }, localAddress: '' };
    expect(celTextOf('xds.node.id + xds.node.cluster', undefined, undefined, node)).toBeUndefined();
    expect(celTextOf('xds.node.metadata.a[0]', undefined, undefined, node)).toBe('1');
    expect(celTextOf('xds.node.locality', undefined, undefined, node)).toBe('region: "r" zone: "z" ');
    expect(celTextOf('xds.node.id')).toBeUndefined();
  });
});

describe('attributes of a connection', () => {
  it('are its addresses and its number', () => {
    expect(celTextOf('source.address')).toBe('10.1.2.3:4000');
    expect(celTextOf('source.port')).toBe('4000');
    expect(celTextOf('destination.address')).toBe('127.0.0.1:80');
    expect(celTextOf('type(connection.id) == uint && connection.id == 7')).toBe('true');
    expect(celTextOf('connection.mtls')).toBe('false');
    expect(celTextOf('connection.tls_version')).toBeUndefined();
  });

  it('include what TLS tells', () => {
    const peer = { subject: 'CN=a', sha256: 'ab', alternatives: (kind: string) => (kind === 'uri' ? ['spiffe://a', 'spiffe://b'] : []) } as unknown as CertificateInfo;
    const stream = connectionOnly();
    stream.info.connection.tls = { version: 'TLSv1.3', peer: () => peer, local: () => undefined } as unknown as TlsInfo;
    expect(celTextOf('connection.mtls', stream)).toBe('true');
    expect(celTextOf('connection.tls_version', stream)).toBe('TLSv1.3');
    expect(celTextOf('connection.subject_peer_certificate', stream)).toBe('CN=a');
    expect(celTextOf('connection.subject_local_certificate', stream)).toBe('');
    expect(celTextOf('connection.uri_san_peer_certificate', stream)).toBe('spiffe://a');
    expect(celTextOf('connection.dns_san_peer_certificate', stream)).toBeUndefined();
    expect(celTextOf('connection.sha256_peer_certificate_digest', stream)).toBe('ab');
  });
});

describe('metadata and filter state', () => {
  const stream = (): FormatContext => {
    const entry = forwardedEntry();
    const texts = new FilterStateTexts();
    texts.set('f', 'x');
    entry.info.metadata = new Map([['a.b', { s: 'é', n: 1.5, l: [1, 'two', null], o: { t: true } }]]);
    entry.info.filterState!.set('fields', texts);
    return entry;
  };

  it('are looked into without being copied', () => {
    expect(celTextOf('metadata.filter_metadata["a.b"].s', stream())).toBe('é');
    expect(celTextOf('metadata.filter_metadata["a.b"].n > 1', stream())).toBe('true');
    expect(celTextOf('"two" in metadata.filter_metadata["a.b"].l', stream())).toBe('true');
    expect(celTextOf('metadata.filter_metadata["a.b"].l[2] == null', stream())).toBe('true');
    expect(celTextOf('has(metadata.filter_metadata["a.b"].o.t) && !has(metadata.filter_metadata.none)', stream())).toBe('true');
    expect(celTextOf('metadata.filter_metadata.none', stream())).toBeUndefined();
    expect(celTextOf('metadata["filter_metadata"]', stream())).toBeUndefined();
  });

  it('print as Envoy prints messages', () => {
    expect(json('metadata', stream())).toBe('{"filter_metadata":{"a.b":{"l":[1,"two",null],"n":1.5,"o":{"t":true},"s":"é"}}}');
    expect(celTextOf('metadata', stream())).toBe(
      'filter_metadata { key: "a.b" value { fields { key: "l" value { list_value { values { number_value: 1 } values { string_value: "two" } values { null_value: NULL_VALUE } } } } ' +
        'fields { key: "n" value { number_value: 1.5 } } fields { key: "o" value { struct_value { fields { key: "t" value { bool_value: true } } } } } ' +
        'fields { key: "s" value { string_value: "\\303\\251" } } } } ',
    );
  });

  it('of filter state a text is bytes, and an object with fields a map', () => {
    expect(json('filter_state.a', stream())).toBe('"dmFsdWUgIngi"');
    expect(celTextOf("filter_state['a'] == b'value \"x\"'", stream())).toBe('true');
    expect(celTextOf('filter_state.fields.f', stream())).toBe('x');
    expect(celTextOf('filter_state.none', stream())).toBeUndefined();
    expect(celTextOf('"a" in filter_state', stream())).toBe('true');
  });
});
