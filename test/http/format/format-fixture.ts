import { ManualClock } from '../../../src/core/clock.ts';
import type { CompileContext, ServiceKey } from '../../../src/core/extension.ts';
import { ConfigPath, formatProblem, Problems } from '../../../src/core/problems.ts';
import { SeededRandom } from '../../../src/core/random.ts';
import { emptyRuntime, type Runtime } from '../../../src/core/runtime.ts';
import { filterStateOf } from '../../support/filter-state.ts';
import type { AccessLogEntry } from '../../../src/http/access-log.ts';
import { ACCESS_LOG_FILES, type AccessLogOpener } from '../../../src/http/access-log-files.ts';
import { PROCESS } from '../../../src/http/format/environment.ts';
import { compileTextFormat } from '../../../src/http/format/format.ts';
import { HeaderMap } from '../../../src/http/header-map.ts';
import { headerName } from '../../../src/http/header-name.ts';
import type { Route } from '../../../src/http/route/route.ts';
import { StreamInfo } from '../../../src/http/stream-info.ts';
import type { Cluster, Host } from '../../../src/http/upstream.ts';
import type { Address } from '../../../src/transport/transport.ts';

export const ENVIRONMENT: Record<string, string> = { FOO: 'foo"bar', UNICODE: 'é', EMPTY: '' };

export interface Fixture {
  readonly context: CompileContext;
  readonly clock: ManualClock;
  readonly errors: () => string[];
}

export function compileContext(options: { runtime?: Runtime; files?: AccessLogOpener } = {}): Fixture {
  const problems = new Problems();
  const clock = new ManualClock();
  const services = new Map<ServiceKey<unknown>, unknown>([
    [PROCESS, { hostname: 'vm', variable: (name: string) => ENVIRONMENT[name] }],
    [ACCESS_LOG_FILES, options.files],
  ]);
  const context: CompileContext = {
    error: (at: ConfigPath, message: string) => problems.error(at, message),
    warning: (at: ConfigPath, message: string) => problems.warning(at, message),
    runtime: options.runtime ?? emptyRuntime,
    random: new SeededRandom(1),
    clock,
    service: (key: ServiceKey<unknown>) => services.get(key) ?? key.otherwise,
    with: (key: ServiceKey<unknown>, value: unknown) => ({ ...context, service: (other: ServiceKey<unknown>) => (other === key ? value : context.service(other)) }),
  } as unknown as CompileContext;
  return { context, clock, errors: () => problems.errors.map(formatProblem) };
}

export function address(host: string, port: number): Address {
  return { kind: 'ip', host, port, text: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}` };
}

export function headers(lines: Record<string, string | string[]>): HeaderMap {
  const map = new HeaderMap();
  for (const [name, value] of Object.entries(lines)) {
    if (name === ':method') map.method = value as string;
    else if (name === ':path') map.path = value as string;
    else if (name === ':authority') map.authority = value as string;
    else if (name === ':scheme') map.scheme = value as string;
    else if (name === ':status') map.status = Number(value);
    else for (const item of [value].flat()) map.add(headerName(name), item);
  }
  return map;
}

export function streamInfo(): StreamInfo {
  return new StreamInfo({
    id: 7,
    directLocalAddress: address('127.0.0.1', 80),
    directRemoteAddress: address('10.1.2.3', 4000),
    localAddress: address('127.0.0.1', 80),
    remoteAddress: address('10.1.2.3', 4000),
    requestedServerName: '',
    secure: false,
    tls: undefined,
    transportFailureReason: '',
    listenerName: 'lis',
    filterChainName: 'fc',
    startMs: 4.5,
    terminationDetails: '',
  });
}

/** A request that was forwarded and answered. */
export function forwardedEntry(): AccessLogEntry {
  const info = streamInfo();
  const host = { address: address('10.9.9.9', 8080), hostname: 'hn:80', metadata: { ns: { key: 'host value' } } } as unknown as Host;
  Object.assign(info, {
    startWallMs: Date.UTC(2026, 10, 21, 11, 2, 10) + 953.691,
    startMs: 5,
    requestHeadersEndMs: 5.065,
    requestEndMs: 6.067,
    upstreamRequestStartMs: 6.1,
    upstreamPoolReadyMs: 8.2,
    upstreamRequestEndMs: 8.2,
    upstreamConnectStartMs: 6.2,
    upstreamConnectEndMs: 8.1,
    upstreamResponseStartMs: 12.5,
    upstreamResponseBodyStartMs: 12.6,
    upstreamResponseEndMs: 13,
    responseStartMs: 12.75,
    responseEndMs: 13.25,
    endMs: 13.5,
    responseCode: 200,
    responseCodeDetails: 'via_upstream',
    bytesReceived: 5,
    bytesSent: 3,
    downstreamBytes: { wireReceived: 104, wireSent: 154, headersReceived: 61, headersSent: 132 },
    upstreamBytes: { wireReceived: 68, wireSent: 220, headersReceived: 43, headersSent: 180 },
    requestId: '53e3a029-d7a7-4305-a579-ec5a08302615',
    routeName: 'rt',
    route: { metadata: { ns: METADATA } } as unknown as Route,
    upstreamClusterName: 'alternative',
    upstreamCluster: { name: 'u', metadata: { ns: { key: 'cluster value' } } } as unknown as Cluster,
    upstreamHost: host,
    upstreamHostsAttempted: [host],
    upstreamLocalAddress: address('10.0.0.1', 52466),
    upstreamRemoteAddress: address('10.9.9.9', 8080),
    upstreamConnectionId: 2,
    upstreamConnectionIdsAttempted: [2],
    upstreamProtocol: 'HTTP/1.1',
    attemptCount: 1,
    filterState: filterStateOf(['a', 'value "x"']),
    upstreamFilterState: new Map([['u', 'up "x"']]),
  });
  return {
    info,
    type: 'DownstreamEnd',
    requestHeaders: headers({
      ':method': 'GET',
      ':path': '/p/q?a=1%202&b=c&e=&a=3',
      ':authority': 'ex.com:81',
      ':scheme': 'http',
      'x-a': 'abcdef',
      'x-two': ['1', '2'],
      'x-empty': '',
      'x-odd': 'q"b\\c\xe9',
      'x-utf8': '"\xc3\xa9\t',
      'user-agent': 'agent/1',
    }),
    responseHeaders: headers({ ':status': '200', 'content-length': '3', 'x-b': 'bval', 'x-envoy-upstream-service-time': '4' }),
    responseTrailers: headers({ 'x-t': 'trailer' }),
  };
}

export const METADATA = { s: 'str', n: 1.5, i: 5, big: 1e20, b: true, nul: null, o: { z: [1, 'x"é', true, null], a: {} } };

/** A request that could not be understood. */
export function refusedEntry(): AccessLogEntry {
  const info = streamInfo();
  info.startWallMs = Date.UTC(2026, 10, 21, 11, 2, 11);
  info.startMs = 5;
  info.endMs = 5;
  info.responseCode = 400;
  info.responseFlags = 1 << 18;
  info.responseCodeDetails = 'http1.codec_error';
  return { info, type: 'DownstreamEnd', requestHeaders: undefined, responseHeaders: headers({ ':status': '400' }), responseTrailers: undefined };
}

export function text(format: string, entry: AccessLogEntry = forwardedEntry(), absent = '-'): string {
  const { context, errors } = compileContext();
  const compiled = compileTextFormat(format, absent, ConfigPath.root.field('format'), context);
  if (compiled === undefined) throw new Error(errors().join('\n'));
  return compiled.format(entry);
}

export function formatErrors(format: string): string[] {
  const { context, errors } = compileContext();
  compileTextFormat(format, '-', ConfigPath.root.field('format'), context);
  return errors();
}
