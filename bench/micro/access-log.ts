import { ManualClock } from '../../src/core/clock.ts';
import type { CompileContext } from '../../src/core/extension.ts';
import { ConfigPath } from '../../src/core/problems.ts';
import type { AccessLogEntry } from '../../src/http/access-log.ts';
import { compileJsonFormat } from '../../src/http/format/json-format.ts';
import type { Format } from '../../src/http/format/format.ts';
import { compileDefaultFormat } from '../../src/http/formatted-access-log.ts';
import { HeaderMap } from '../../src/http/header-map.ts';
import { headerName } from '../../src/http/header-name.ts';
import { StreamInfo } from '../../src/http/stream-info.ts';
import type { Host } from '../../src/http/upstream.ts';
import type { MicroCase } from './runner/micro-case.ts';

const context = {
  clock: new ManualClock(),
  error: (_at: ConfigPath, message: string) => {
    throw new Error(message);
  },
} as unknown as CompileContext;

const defaultFormat = compileDefaultFormat(ConfigPath.root, context)!;
/** What Envoy Gateway writes by default, about. */
const jsonFormat = compileJsonFormat(
  {
    start_time: '%START_TIME%', method: '%REQ(:METHOD)%', path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%', protocol: '%PROTOCOL%', code: '%RESPONSE_CODE%',
    flags: '%RESPONSE_FLAGS%', details: '%RESPONSE_CODE_DETAILS%', bytes_received: '%BYTES_RECEIVED%', bytes_sent: '%BYTES_SENT%', duration: '%DURATION%',
    service_time: '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%', forwarded_for: '%REQ(X-FORWARDED-FOR)%', user_agent: '%REQ(USER-AGENT)%',
    request_id: '%REQ(X-REQUEST-ID)%', authority: '%REQ(:AUTHORITY)%', upstream: '%UPSTREAM_HOST%', cluster: '%UPSTREAM_CLUSTER%',
    downstream: '%DOWNSTREAM_REMOTE_ADDRESS%', route: '%ROUTE_NAME%',
  },
  false,
  ConfigPath.root,
  context,
)!;

const entries = Array.from({ length: 64 }, (_, index) => entry(index));

export const cases: readonly MicroCase[] = [
  { name: 'a record of the default format', run: (count) => write(defaultFormat, count) },
  { name: 'a JSON record of 19 fields', run: (count) => write(jsonFormat, count) },
];

/** Gathers records as an access log file does. */
function write(format: Format, count: number): number {
  let gathered = '';
  let bytes = 0;
  for (let i = 0; i < count; i++) {
    gathered += format.format(entries[i & 63]!);
    if (gathered.length < 65_536) continue;
    bytes += Buffer.from(gathered, 'latin1').length;
    gathered = '';
  }
  return bytes;
}

function entry(index: number): AccessLogEntry {
  const address = { kind: 'ip', host: '10.0.0.1', port: 80, text: '10.0.0.1:80' } as const;
  const info = new StreamInfo({
    id: index, directLocalAddress: address, directRemoteAddress: address, localAddress: address, remoteAddress: address, requestedServerName: '',
    secure: false, tls: undefined, transportFailureReason: '', listenerName: 'ingress', filterChainName: '', terminationDetails: '',
  });
  Object.assign(info, {
    startWallMs: Date.UTC(2026, 0, 1) + index * 7.3, startMs: index, endMs: index + 3.4, responseCode: 200, responseCodeDetails: 'via_upstream', bytesSent: 1024,
    upstreamHost: { address } as unknown as Host, upstreamClusterName: 'service', routeName: 'route', requestId: '6f1d3c1e-0c3b-4d6e-9f0a-000000000000',
  });
  const requestHeaders = new HeaderMap();
  requestHeaders.method = 'GET';
  requestHeaders.path = `/some/path/${index}`;
  requestHeaders.authority = 'example.com';
  requestHeaders.scheme = 'http';
  for (const [name, value] of [
    ['accept', '*/*'], ['user-agent', 'agent/1.0'], ['x-forwarded-for', '203.0.113.7'], ['x-forwarded-proto', 'http'], ['x-request-id', info.requestId],
  ] as const) {
    requestHeaders.add(headerName(name), value);
  }
  const responseHeaders = new HeaderMap();
  responseHeaders.status = 200;
  responseHeaders.add(headerName('content-length'), '1024');
  responseHeaders.add(headerName('x-envoy-upstream-service-time'), '3');
  return { info, type: 'DownstreamEnd', requestHeaders, responseHeaders, responseTrailers: undefined };
}
