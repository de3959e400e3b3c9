import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/core/clock.ts';
import { ConfigPath } from '../../../src/core/problems.ts';
import { compileFormat, compileTextFormat } from '../../../src/http/format/format.ts';
import { compileJsonFormat } from '../../../src/http/format/json-format.ts';
import type { TlsInfo } from '../../../src/transport/transport-socket.ts';
import { compileContext, forwardedEntry, headers, refusedEntry, text } from './format-fixture.ts';

/** Operator; its JSON for a forwarded request; its JSON for one that could not be understood. Types and absences as Envoy 1.40 gives them. */
const CASES: readonly (readonly [operator: string, forwarded: string, refused: string])[] = [
  ['START_TIME', '"2026-11-21T11:02:10.953Z"', '"2026-11-21T11:02:11.000Z"'],
  ['START_TIME(%s)', '"1795258930"', '"1795258931"'],
  ['START_TIME(%s.%3f)', '"1795258930.953"', '"1795258931.000"'],
  ['DURATION', '8', '0'],
  ['REQUEST_DURATION', '1', 'null'],
  ['REQUEST_TX_DURATION', '3', 'null'],
  ['RESPONSE_DURATION', '7', 'null'],
  ['RESPONSE_TX_DURATION', '0', 'null'],
  ['ROUNDTRIP_DURATION', 'null', 'null'],
  ['DOWNSTREAM_HANDSHAKE_DURATION', 'null', 'null'],
  ['UPSTREAM_CONNECTION_POOL_READY_DURATION', '2', 'null'],
  ['COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)', '8250', 'null'],
  ['COMMON_DURATION(DS_RX_BEG:DS_RX_HDR_END:us)', '65', 'null'],
  ['COMMON_DURATION(DS_RX_BEG:US_TX_BEG:ms)', '3', 'null'],
  ['COMMON_DURATION(DS_RX_BEG:US_RX_BODY_BEG)', '7', 'null'],
  ['COMMON_DURATION(DS_RX_BEG:DS_RX_BEG:ns)', '0', '0'],
  ['COMMON_DURATION(DS_CX_BEG:DS_RX_BEG:us)', '500', '500'],
  ['COMMON_DURATION(DS_RX_BEG:DS_CX_BEG:us)', 'null', 'null'],
  ['COMMON_DURATION(A:B)', 'null', 'null'],
  ['COMMON_DURATION(valueOf:constructor)', 'null', 'null'],
  ['REQ(x-a)', '"abcdef"', 'null'],
  ['REQ(X-A):3', '"abc"', 'null'],
  ['REQ(X-A):0', '""', 'null'],
  ['REQ(X-MISSING?X-A)', '"abcdef"', 'null'],
  ['REQ(x-empty?X-A)', '""', 'null'],
  ['REQ(?X-A)', '"abcdef"', 'null'],
  ['REQ(X-TWO)', '"1"', 'null'],
  ['REQ(HOST)', '"ex.com:81"', 'null'],
  ['REQ(:METHOD)', '"GET"', 'null'],
  ['REQUEST_HEADER(:SCHEME)', '"http"', 'null'],
  ['RESP(X-B)', '"bval"', 'null'],
  ['RESP(:STATUS)', '"200"', '"400"'],
  ['TRAILER(X-T):2', '"tr"', 'null'],
  ['PROTOCOL', '"HTTP/1.1"', '"HTTP/1.1"'],
  ['PATH', '"/p/q?a=1%202&b=c&e=&a=3"', 'null'],
  ['PATH(NQ)', '"/p/q"', 'null'],
  ['PATH:3', '"/p/"', 'null'],
  ['PATH(WQ:ORIG)', 'null', 'null'],
  ['QUERY_PARAM(a)', '"1 2"', 'null'],
  ['QUERY_PARAM(a):2', '"1 "', 'null'],
  ['QUERY_PARAM(e)', '""', 'null'],
  ['QUERY_PARAM(A)', 'null', 'null'],
  ['QUERY_PARAMS', '"a=1%202&b=c&e=&a=3"', 'null'],
  ['QUERY_PARAMS(ORIG):5', '"a=1%2"', 'null'],
  ['REQUESTED_SERVER_NAME', 'null', 'null'],
  ['REQUESTED_SERVER_NAME(SNI_FIRST)', '"ex.com:81"', 'null'],
  ['REQUESTED_SERVER_NAME(HOST_FIRST:ORIG)', 'null', 'null'],
  ['STREAM_ID', '"53e3a029-d7a7-4305-a579-ec5a08302615"', 'null'],
  ['TRACE_ID', 'null', 'null'],
  ['SPAN_ID', 'null', 'null'],
  ['RESPONSE_CODE', '200', '400'],
  ['RESPONSE_CODE_DETAILS', '"via_upstream"', '"http1.codec_error"'],
  ['RESPONSE_FLAGS', '"-"', '"DPE"'],
  ['RESPONSE_FLAGS_LONG', '"-"', '"DownstreamProtocolError"'],
  ['BYTES_RECEIVED', '5', '0'],
  ['BYTES_SENT', '3', '0'],
  ['REQUEST_HEADERS_BYTES', '134', '0'],
  ['RESPONSE_TRAILERS_BYTES', '10', '0'],
  ['DOWNSTREAM_WIRE_BYTES_SENT', '154', '0'],
  ['DOWNSTREAM_HEADER_BYTES_RECEIVED', '61', '0'],
  ['UPSTREAM_WIRE_BYTES_SENT', '220', '0'],
  ['UPSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED', '43', '0'],
  ['BYTES_RETRANSMITTED', '0', '0'],
  ['GRPC_STATUS', 'null', 'null'],
  ['LOCAL_REPLY_BODY', '""', '""'],
  ['CUSTOM_FLAGS', '""', '""'],
  ['CONNECTION_TERMINATION_DETAILS', 'null', 'null'],
  ['UPSTREAM_PROTOCOL', '"HTTP/1.1"', 'null'],
  ['ROUTE_NAME', '"rt"', 'null'],
  ['VIRTUAL_CLUSTER_NAME', 'null', 'null'],
  ['UPSTREAM_CLUSTER', '"alternative"', 'null'],
  ['UPSTREAM_CLUSTER_RAW', '"u"', 'null'],
  ['UPSTREAM_HOST', '"10.9.9.9:8080"', 'null'],
  ['UPSTREAM_HOST_NAME', '"hn:80"', 'null'],
  ['UPSTREAM_HOST_NAME_WITHOUT_PORT', '"hn"', 'null'],
  ['UPSTREAM_HOSTS_ATTEMPTED', '"10.9.9.9:8080"', 'null'],
  ['UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT', '"10.9.9.9"', 'null'],
  ['UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT', '"hn"', 'null'],
  ['UPSTREAM_REQUEST_ATTEMPT_COUNT', '1', '0'],
  ['UPSTREAM_LOCAL_ADDRESS', '"10.0.0.1:52466"', 'null'],
  ['UPSTREAM_LOCAL_PORT', '52466', 'null'],
  ['UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(8)', '"10.0.0.0/8"', 'null'],
  ['UPSTREAM_REMOTE_ADDRESS_ENDPOINT_ID', '""', 'null'],
  ['UPSTREAM_TRANSPORT_FAILURE_REASON', 'null', 'null'],
  ['UPSTREAM_DETECTED_CLOSE_TYPE', '"Normal"', 'null'],
  ['UPSTREAM_CONNECTION_ID', '2', '0'],
  ['UPSTREAM_CONNECTION_IDS_ATTEMPTED', '"2"', 'null'],
  ['DOWNSTREAM_REMOTE_ADDRESS', '"10.1.2.3:4000"', '"10.1.2.3:4000"'],
  ['DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT', '"10.1.2.3"', '"10.1.2.3"'],
  ['DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(12)', '"10.0.0.0/12"', '"10.0.0.0/12"'],
  ['DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(33)', '"10.1.2.3/32"', '"10.1.2.3/32"'],
  ['DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(abc)', '"10.1.2.3"', '"10.1.2.3"'],
  ['DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(-1)', '""', '""'],
  ['DOWNSTREAM_REMOTE_PORT', '4000', '4000'],
  ['DOWNSTREAM_DIRECT_LOCAL_PORT', '80', '80'],
  ['DOWNSTREAM_DETECTED_CLOSE_TYPE', '"Normal"', '"Normal"'],
  ['CONNECTION_ID', '7', '7'],
  ['LISTENER_NAME', '"lis"', '"lis"'],
  ['FILTER_CHAIN_NAME', '"fc"', '"fc"'],
  ['HOSTNAME', '"vm"', '"vm"'],
  ['ACCESS_LOG_TYPE', '"DownstreamEnd"', '"DownstreamEnd"'],
  ['DOWNSTREAM_TLS_VERSION', 'null', 'null'],
  ['DOWNSTREAM_PEER_CERT_V_START(%Y)', 'null', 'null'],
  ['DYNAMIC_METADATA(ns:key)', 'null', 'null'],
  ['CLUSTER_METADATA(ns:key)', '"cluster value"', 'null'],
  ['METADATA(ROUTE:ns:s):2', '"st"', 'null'],
  ['METADATA(ROUTE:ns:n)', '1.5', 'null'],
  ['METADATA(ROUTE:ns:i)', '5', 'null'],
  ['METADATA(ROUTE:ns:big)', '1e+20', 'null'],
  ['METADATA(ROUTE:ns:b)', 'true', 'null'],
  ['METADATA(ROUTE:ns:nul)', 'null', 'null'],
  ['METADATA(ROUTE:ns:o):4', '{"a":{},"z":[1,"x\\"\xc3\xa9",true,null]}', 'null'],
  ['METADATA(ROUTE:ns:s:x)', 'null', 'null'],
  ['METADATA(ROUTE)', 'null', 'null'],
  ['METADATA(LISTENER:ns)', 'null', 'null'],
  ['FILTER_STATE(a:PLAIN):5', '"value"', 'null'],
  ['FILTER_STATE(b)', 'null', 'null'],
  ['UPSTREAM_FILTER_STATE(u:PLAIN):3', '"up "', 'null'],
  ['UPSTREAM_FILTER_STATE(u)', '"up \\"x\\""', 'null'],
  ['UPSTREAM_FILTER_STATE(a)', 'null', 'null'],
  ['ENVIRONMENT(FOO)', '"foo\\"bar"', '"foo\\"bar"'],
  ['ENVIRONMENT(FOO):4', '"foo\\""', '"foo\\""'],
  ['ENVIRONMENT(NOPE)', '"-"', '"-"'],
  ['COALESCE({"operators":[{"command":"REQ","param":"nope"},"RESPONSE_CODE"]})', '200', '400'],
  ['COALESCE({"operators":[{"command":"REQ","param":"nope"},{"command":"REQ","param":"x-a","max_length":2}]})', '"ab"', 'null'],
  ['COALESCE({"operators":["PROTOCOL"]}):3', '"HTT"', '"HTT"'],
];

function json(operator: string, entry = forwardedEntry()): string {
  const { context, errors } = compileContext();
  const format = compileJsonFormat({ v: `%${operator}%` }, false, ConfigPath.root, context);
  if (format === undefined) throw new Error(errors().join('\n'));
  return format.format(entry).slice('{"v":'.length, -'}\n'.length);
}

describe('an operator', () => {
  it.each(CASES)('%s has the type, value and absence that Envoy gives it', (operator, forwarded, refused) => {
    expect(json(operator)).toBe(forwarded);
    expect(json(operator, refusedEntry())).toBe(refused);
  });

  it('without a value prints a dash, or nothing where empty values are left out', () => {
    expect(text('[%REQ(nope)%|%ROUTE_NAME%]', refusedEntry())).toBe('[-|-]');
    expect(text('[%REQ(nope)%|%RESPONSE_FLAGS%]', forwardedEntry(), '')).toBe('[|-]');
  });

  it('prints metadata as text: strings bare, all else as JSON with sorted keys, cut to a length', () => {
    expect(text('%METADATA(ROUTE:ns:s)%|%METADATA(ROUTE:ns:o)%|%METADATA(ROUTE:ns:o):4%')).toBe('str|{"a":{},"z":[1,"x\\"\xc3\xa9",true,null]}|{"a"');
  });

  it('prints filter state as it is or as JSON', () => {
    expect(text('%FILTER_STATE(a:PLAIN)%|%FILTER_STATE(a)%|%FILTER_STATE(a:TYPED):3%')).toBe('value "x"|"value \\"x\\""|"va');
  });

  it('takes a new UNIQUE_ID each time', () => {
    const [one, two] = text('%UNIQUE_ID%|%UNIQUE_ID%').split('|');
    expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(two).not.toBe(one);
  });

  it('EMIT_TIME and the DURATION of a stream that goes on ask the clock', () => {
    const { context, clock } = compileContext();
    const format = compileTextFormat('%EMIT_TIME(%Y-%j %S.%1f)% %DURATION%', '-', ConfigPath.root, context)!;
    const entry = forwardedEntry();
    entry.info.endMs = 0;
    clock.advance(7250);
    expect(format.format(entry)).toBe('2026-001 07.2 7245');
    expect(new ManualClock().wallMs()).toBe(Date.UTC(2026, 0, 1));
  });

  it('of time knows when handshakes began and ended; that of the client counts from where the request began', () => {
    const entry = forwardedEntry();
    const handshake = (handshakeStartMs: number, handshakeEndMs: number): TlsInfo => ({ handshakeStartMs, handshakeEndMs }) as TlsInfo;
    entry.info.connection.tls = handshake(4.6, 4.7);
    entry.info.connection.handshakeStartMs = 4.6;
    entry.info.upstreamTls = handshake(6.5, 8);
    const durations = ['DS_CX_BEG:DS_HS_BEG', 'DS_HS_BEG:DS_HS_END', 'US_CX_BEG:US_CX_END', 'US_CX_END:US_HS_END'];
    expect(durations.map((each) => json(`COMMON_DURATION(${each}:us)`, entry))).toEqual(['99', '100', '299', '1500']);
    expect(json('DOWNSTREAM_HANDSHAKE_DURATION', entry)).toBe('0');
    entry.info.startMs = 7;
    expect(json('DOWNSTREAM_HANDSHAKE_DURATION', entry)).toBe('-2');
  });

  it('LOCAL_REPLY_BODY is known while the body of a local reply is made', () => {
    const { context } = compileContext();
    const format = compileFormat('<%LOCAL_REPLY_BODY%>', ConfigPath.root, context)!;
    expect(format.format({ ...refusedEntry(), localReplyBody: 'no' })).toBe('<no>');
  });

  it('GRPC_STATUS reads trailers, headers, then the HTTP status, of gRPC requests only', () => {
    const format = '%GRPC_STATUS%|%GRPC_STATUS(SNAKE_STRING)%|%GRPC_STATUS(NUMBER)%|%GRPC_STATUS_NUMBER%';
    const grpc = (response: Record<string, string>, trailers: Record<string, string> = {}): string =>
      text(format, { ...forwardedEntry(), requestHeaders: headers({ ':path': '/a', 'content-type': 'application/grpc+proto' }), responseHeaders: headers(response), responseTrailers: headers(trailers) });
    expect(grpc({ 'grpc-status': '5' })).toBe('NotFound|NOT_FOUND|5|5');
    expect(grpc({ 'grpc-status': '5' }, { 'grpc-status': '1' })).toBe('Canceled|CANCELLED|1|1');
    expect(grpc({ 'grpc-status': '99' })).toBe('99|99|99|99');
    expect(grpc({ 'grpc-status': 'abc' })).toBe('-1|-1|-1|-1');
    expect(grpc({})).toBe('Unknown|UNKNOWN|2|2');
    expect(text(format)).toBe('-|-|-|-');
  });

  it('QUERY_PARAM decodes escapes; QUERY_PARAMS(DECODED) only those of characters that may stand in a URL', () => {
    const at = (path: string): string => text('%QUERY_PARAM(a)%|%QUERY_PARAMS(DECODED)%', { ...forwardedEntry(), requestHeaders: headers({ ':path': path }) });
    expect(at('/?%61=%41%zz+b&b=%C3%A9%20%41')).toBe('A%zz+b|a=Azz+b&b=%C3%A9%20A');
    expect(at('/?a&a=2&b=%')).toBe('|a&a=2&b=%');
    expect(at('/?a=%&c=%4')).toBe('%|a=&c=%4');
    expect(at('/x')).toBe('-|-');
  });
});

describe('a format', () => {
  it('keeps text between operators and takes two percent signs for one', () => {
    expect(text('100%% "quoted" \\ %RESPONSE_CODE%%% %REQ(x-odd)%')).toBe('100% "quoted" \\ 200% q"b\\c\xe9');
    expect(text('')).toBe('');
  });

  it('takes parameters up to the first parenthesis that ends the operator', () => {
    expect(text('%QUERY_PARAM()x)%', { ...forwardedEntry(), requestHeaders: headers({ ':path': '/?)x=y' }) })).toBe('y');
  });

  it('of a header gives UTF-8 text as its bytes and leaves out what has no value', () => {
    const { context } = compileContext();
    expect(compileFormat('é%REQ(nope)%', ConfigPath.root, context)!.format(forwardedEntry())).toBe('\xc3\xa9');
  });

  it('of a header may spell metadata paths as lists, and filter state as PER_REQUEST_STATE', () => {
    const { context, errors } = compileContext();
    const header = '%UPSTREAM_METADATA(["ns", "key"])%|%DYNAMIC_METADATA(["a"])%|%PER_REQUEST_STATE(a)%';
    expect(compileFormat(header, ConfigPath.root, context)?.format(forwardedEntry())).toBe('host value||value "x"');
    expect(errors()).toEqual([]);
    expect(text('%UPSTREAM_METADATA(["ns", "key"])%')).toBe('-');
  });
});
