import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/core/clock.ts';
import type { StatGroup } from '../../../src/core/stats/stats.ts';
import { Timers } from '../../../src/core/timers.ts';
import type { RouterConfig } from '../../../src/filters/http/router/config.ts';
import { Router } from '../../../src/filters/http/router/router.ts';
import type { PressureWatcher, RequestEncoder, ResponseDecoder } from '../../../src/http/codec/codec.ts';
import type { Failure } from '../../../src/http/failure.ts';
import type { FilterHandle, FilterStream, LocalReply } from '../../../src/http/filter.ts';
import { HeaderMap } from '../../../src/http/header-map.ts';
import type { ForwardRoute, Route } from '../../../src/http/route/route.ts';
import { type ConnectionInfo, ResponseFlag, StreamInfo } from '../../../src/http/stream-info.ts';
import type { Cluster, Host, LoadBalancerContext, PendingStream, PoolCallbacks, RoutePriority, UpstreamConnectionInfo } from '../../../src/http/upstream.ts';

const NOTHING = Buffer.alloc(0);

/** What the upstream's connection was asked to do, and the response's source. */
class FakeEncoder implements RequestEncoder {
  watcher: PressureWatcher | undefined;
  readonly bytes = { wireReceived: 0, wireSent: 0, headersReceived: 0, headersSent: 0 };
  readonly sent: string[] = [];
  paused = 0;

  sendHeaders(headers: HeaderMap, end: boolean): void {
    this.sent.push(`${headers.method} ${headers.path} ${headers.serialise()}${end ? '.' : ''}`);
  }
  sendData(chunk: Buffer, end: boolean): void {
    this.sent.push(chunk.toString() + (end ? '.' : ''));
  }
  sendTrailers(trailers: HeaderMap): void {
    this.sent.push(`[${trailers.serialise()}]`);
  }
  reset(failure: Failure): void {
    this.sent.push(`reset: ${failure.source} ${failure.kind}`);
  }
  pause(): void {
    this.paused++;
  }
  resume(): void {
    this.paused--;
  }
}

/** A cluster of one host whose pool does what the test says. */
class FakeCluster implements Cluster, PendingStream {
  readonly name = 'web';
  readonly statName = 'web';
  readonly metadata = undefined;
  readonly bufferLimitBytes = 1024;
  maxStreamDurationMs = 0;
  maintenance = false;
  /** There is no host to pick. */
  empty = false;
  readonly counted: string[] = [];
  readonly encoder = new FakeEncoder();
  readonly host: Host;
  asked = 0;
  decoder!: ResponseDecoder;
  #callbacks!: PoolCallbacks;

  constructor() {
    const address = { kind: 'ip', host: '10.0.0.1', port: 80, text: '10.0.0.1:80' } as const;
    this.host = {
      address,
      hostname: 'one.example',
      healthy: true,
      weight: 1,
      priority: 0,
      locality: { region: '', zone: '', subZone: '' },
      metadata: undefined,
      canary: false,
      activeRequests: 0,
      onRequestSuccess: () => this.counted.push('host success'),
      onRequestError: () => this.counted.push('host error'),
      onRequestTimeout: () => this.counted.push('host timeout'),
    };
  }

  readonly requestStats: Cluster['requestStats'] = {
    onResponse: (status, internal, _canary, alternative) => this.counted.push(`${internal ? 'internal ' : ''}${alternative}${status}`),
    onResponseTime: (timeMs) => this.counted.push(`${timeMs} ms`),
    onRetriedResponse: () => {},
    onTimeout: () => this.counted.push('timeout'),
    onPerTryTimeout: () => this.counted.push('per try timeout'),
    onMaxDurationReached: () => this.counted.push('max duration'),
    onRetry: () => {},
    onMaintenanceMode: () => this.counted.push('maintenance'),
    onFlowControl: (kind) => this.counted.push(kind),
  };

  chooseHost(): Host | undefined {
    return this.empty ? undefined : this.host;
  }

  newStream(_context: LoadBalancerContext, _priority: RoutePriority, decoder: ResponseDecoder, callbacks: PoolCallbacks): PendingStream | undefined {
    this.asked++;
    if (this.empty) {
      callbacks.onPoolFailure(TERMINATED, undefined);
      return undefined;
    }
    this.decoder = decoder;
    this.#callbacks = callbacks;
    return this;
  }

  newTcpStream(context: LoadBalancerContext, priority: RoutePriority, decoder: ResponseDecoder, callbacks: PoolCallbacks): PendingStream | undefined {
    this.counted.push('raw');
    return this.newStream(context, priority, decoder, callbacks);
  }

  cancel(): void {
    this.counted.push('cancelled');
  }

  membership() {
    return { total: 1, healthy: 1, degraded: 0 };
  }

  acquireRetry(): boolean {
    return false;
  }

  releaseRetry(): void {}

  inMaintenanceMode(): boolean {
    return this.maintenance;
  }

  // The test's end.

  ready(): void {
    const { address } = this.host;
    const connection: UpstreamConnectionInfo = { id: 5, local: address, remote: address, protocol: 'HTTP/1.1', connectStartMs: 1, connectEndMs: 2, reused: false };
    this.#callbacks.onPoolReady(this.encoder, this.host, connection);
  }

  fail(failure: Failure): void {
    this.#callbacks.onPoolFailure(failure, this.host);
  }

  respond(status: number, end: boolean, ...lines: [string, string][]): void {
    this.decoder.onHeaders(message(status, lines), end);
  }
}

function message(status: number, lines: readonly [string, string][] = []): HeaderMap {
  const headers = new HeaderMap();
  headers.status = status;
  for (const [name, value] of lines) headers.addText(name, value);
  return headers;
}

interface Settings {
  readonly route?: Partial<ForwardRoute>;
  readonly config?: Partial<RouterConfig>;
  readonly headers?: readonly [string, string][];
}

/** One stream that ends in the router, and what the client would see. */
class Downstream {
  readonly clock = new ManualClock();
  readonly timers = new Timers(this.clock);
  readonly cluster = new FakeCluster();
  readonly info = new StreamInfo({ remoteAddress: undefined } as unknown as ConnectionInfo);
  readonly headers = message(0);
  readonly seen: string[] = [];
  requestPauses = 0;
  readonly router: Router;
  readonly stream: FilterStream;
  #ended = false;

  constructor({ route, config, headers = [] }: Settings = {}) {
    this.router = new Router({ stats: { inc: () => {} } as unknown as StatGroup, suppressEnvoyHeaders: false, respectExpectedRqTimeout: false,
      dynamicStats: true,
      suppressGrpcCodeStats: false,
      strictHeaders: undefined,
      upstreamFilters: undefined,
      upstreamLogs: undefined,
      rejectsEarlyConnectData: false,
      schemeMatchesUpstream: false, ...config });
    this.headers.method = 'GET';
    this.headers.path = '/';
    for (const [name, value] of headers) this.headers.addText(name, value);
    const forward = {
      kind: 'forward',
      name: '',
      virtualHost: { includeRequestAttemptCount: false, includeAttemptCountInResponse: false },
      responseHeaders: undefined,
      clusterName: () => 'web',
      clusterNotFoundStatus: 503,
      timeoutMs: 1000,
      streamDuration: undefined,
      priority: 'default',
      autoHostRewrite: false,
      finalizeRequestHeaders: () => {},
      requestCounts: () => undefined,
      ...route,
    } as unknown as ForwardRoute;
    this.stream = this.#stream(forward);
  }

  #stream(route: Route): FilterStream {
    const { info, headers, clock, timers } = this;
    info.upstreamCluster = this.cluster as unknown as Cluster;
    const stream = { state: undefined, info, requestHeaders: headers, route, clock, timers } as unknown as FilterStream;
    const handle: Partial<FilterHandle> & { stream: FilterStream } = {
      stream,
      localReply: (reply) => this.#reply(reply),
      pauseRequest: () => this.requestPauses++,
      resumeRequest: () => this.requestPauses--,
      reset: () => this.seen.push('reset'),
      respondInformational: (interim) => this.seen.push(`(${interim.status})`),
      respondHeaders: (response, end) => this.#see(`${response.status} ${response.serialise()}`, end),
      respondData: (chunk, end) => this.#see(chunk.toString(), end),
      respondTrailers: (trailers) => this.#see(`[${trailers.serialise()}]`, true),
    };
    return Object.assign(stream, { handle: () => handle as FilterHandle, localReply: (reply: LocalReply) => this.#reply(reply) });
  }

  #see(text: string, end: boolean): void {
    this.seen.push(text + (end ? '.' : ''));
    if (end) this.end();
  }

  #reply(reply: LocalReply): void {
    const headers = message(reply.status);
    reply.headers?.(headers);
    this.seen.push(`${reply.status} ${headers.serialise()}${reply.body} {${reply.details}}`);
    this.end();
  }

  /** The stream is over, whoever ended it. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.router.onDestroy(this.stream);
  }

  /** Sends the head; with `end` the request is whole. */
  begin(end = true): this {
    if (end) this.info.requestEndMs = this.clock.monotonicMs();
    this.router.decodeHeaders(this.stream, this.headers, end);
    return this;
  }

  data(text: string, end: boolean): void {
    if (end) this.info.requestEndMs = this.clock.monotonicMs();
    this.router.decodeData(this.stream, Buffer.from(text), end);
  }

  advance(ms: number): void {
    this.clock.advance(ms);
    this.timers.expire();
  }
}

const REFUSED: Failure = { source: 'upstream', kind: 'connection-failure', details: 'delayed connect error: Connection refused' };
const TERMINATED: Failure = { source: 'upstream', kind: 'connection-termination', details: '' };
const PROTOCOL: Failure = { source: 'upstream', kind: 'protocol-error', details: '' };
const OVERFLOW: Failure = { source: 'local', kind: 'overflow', details: '' };
const RESET_BODY = 'upstream connect error or disconnect/reset before headers. reset reason:';

describe('forwarding', () => {
  it('sends the request when there is a connection and passes the response on', () => {
    const down = new Downstream().begin();
    expect(down.cluster.encoder.sent).toEqual([]);
    down.cluster.ready();
    expect(down.cluster.encoder.sent).toEqual(['GET / x-envoy-expected-rq-timeout-ms: 1000\r\n.']);
    down.advance(7.9);
    down.cluster.respond(200, false);
    down.advance(2);
    down.cluster.decoder.onData(Buffer.from('ok'), true);
    expect(down.seen).toEqual(['200 x-envoy-upstream-service-time: 7\r\n', 'ok.']);
    expect(down.cluster.counted).toEqual(['200', 'host success', '9 ms']);
    expect(down.info).toMatchObject({ responseCodeDetails: 'via_upstream', responseCode: 200, responseFlags: 0, upstreamConnectionId: 5, attemptCount: 1 });
    down.advance(5000);
    expect(down.seen).toHaveLength(2);
  });

  it('holds body and trailers that come before the connection, and the client back', () => {
    const down = new Downstream().begin(false);
    down.data('one', false);
    expect(down.requestPauses).toBe(1);
    down.data('two', false);
    expect(down.requestPauses).toBe(1);
    down.router.decodeTrailers(down.stream, message(0, [['t', 'v']]));
    down.cluster.ready();
    expect(down.cluster.encoder.sent.slice(1)).toEqual(['one', 'two', '[t: v\r\n]']);
    expect(down.requestPauses).toBe(0);
  });

  it('ends a held body with its last chunk', () => {
    for (const [chunks, sent] of [[['a', 'b'], ['a', 'b.']], [[''], ['.']]] as const) {
      const down = new Downstream().begin(false);
      chunks.forEach((chunk, index) => down.data(chunk, index === chunks.length - 1));
      down.cluster.ready();
      expect(down.cluster.encoder.sent.slice(1)).toEqual(sent);
    }
  });

  it('passes on and counts the first interim answer and the final one', () => {
    const down = new Downstream().begin();
    down.cluster.ready();
    for (let i = 0; i < 2; i++) down.cluster.decoder.onInformational(message(103));
    down.cluster.respond(204, true);
    expect(down.seen).toEqual(['(103)', '204 x-envoy-upstream-service-time: 0\r\n.']);
    expect(down.cluster.counted).toEqual(['103', '204', 'host success', '0 ms']);
  });

  it('takes an answer that comes before the request is whole, without timing it', () => {
    const down = new Downstream().begin(false);
    down.cluster.ready();
    down.cluster.respond(413, true);
    expect(down.seen).toEqual(['413 .']);
    expect(down.cluster.counted).toEqual(['413', 'host success']);
    down.data('late', true);
    down.advance(5000);
    expect(down.seen).toHaveLength(1);
  });

  it('counts the error of a host by its status', () => {
    const down = new Downstream({ headers: [['x-envoy-internal', 'true']] }).begin();
    down.cluster.ready();
    down.cluster.respond(500, true);
    expect(down.cluster.counted).toEqual(['host error', 'internal 500', '0 ms']);
  });

  it('says how many attempts there were where the virtual host wants it', () => {
    const virtualHost = { includeRequestAttemptCount: true, includeAttemptCountInResponse: true } as ForwardRoute['virtualHost'];
    const down = new Downstream({ route: { virtualHost } }).begin();
    down.cluster.ready();
    down.cluster.respond(200, true);
    expect(down.cluster.encoder.sent[0]).toContain('x-envoy-expected-rq-timeout-ms: 1000\r\nx-envoy-attempt-count: 1');
    expect(down.seen).toEqual(['200 x-envoy-upstream-service-time: 0\r\nx-envoy-attempt-count: 1\r\n.']);
    const failed = new Downstream({ route: { virtualHost } }).begin();
    failed.cluster.fail(OVERFLOW);
    expect(failed.seen[0]).toContain('503 x-envoy-overloaded: true\r\nx-envoy-attempt-count: 1\r\n');
  });

  it('says nothing of its own when Envoy headers are suppressed', () => {
    const down = new Downstream({ config: { suppressEnvoyHeaders: true } }).begin();
    down.cluster.ready();
    down.cluster.respond(200, true);
    expect(down.cluster.encoder.sent).toEqual(['GET / .']);
    expect(down.seen).toEqual(['200 .']);
    const failed = new Downstream({ config: { suppressEnvoyHeaders: true } }).begin();
    failed.cluster.fail(OVERFLOW);
    expect(failed.seen[0]).not.toContain('x-envoy');
  });
});

describe('failures', () => {
  const flags = (down: Downstream): string[] =>
    Object.entries(ResponseFlag).flatMap(([name, bit]) => (down.info.hasFlag(bit) ? [name] : []));

  it.each([
    ['refused', REFUSED, 503, 'remote connection failure', 'remote_connection_failure|delayed_connect_error:_Connection_refused', 'upstreamConnectionFailure'],
    ['overflow', OVERFLOW, 503, 'overflow', 'overflow', 'upstreamOverflow'],
  ])('before there is a connection are answered: %s', (_name, failure, status, reason, details, flag) => {
    const down = new Downstream().begin();
    down.cluster.fail(failure);
    const overloaded = failure === OVERFLOW ? 'x-envoy-overloaded: true\r\n' : '';
    expect(down.seen).toEqual([`${status} ${overloaded}${RESET_BODY} ${reason} {upstream_reset_before_response_started{${details}}}`]);
    expect(flags(down)).toEqual([flag]);
    expect(down.cluster.counted).toEqual(['host error', '503']);
    expect(down.info.upstreamTransportFailureReason).toBe(failure.details);
  });

  it('to find a host are answered', () => {
    const down = new Downstream();
    down.cluster.empty = true;
    down.begin();
    expect(down.seen).toEqual(['503 no healthy upstream {no_healthy_upstream}']);
    expect(flags(down)).toEqual(['noHealthyUpstream']);
    expect(down.cluster.counted).toEqual(['503']);
  });

  it.each([
    ['a lost connection', TERMINATED, 503, 'connection termination', 'upstreamConnectionTermination'],
    ['a broken response', PROTOCOL, 502, 'protocol error', 'upstreamProtocolError'],
  ])('on a connection are answered: %s', (_name, failure, status, reason, flag) => {
    const down = new Downstream().begin();
    down.cluster.ready();
    down.cluster.decoder.onReset(failure);
    expect(down.seen).toEqual([`${status} ${RESET_BODY} ${reason} {upstream_reset_before_response_started{${reason.replace(' ', '_')}}}`]);
    expect(flags(down)).toEqual([flag]);
    expect(down.cluster.counted).toEqual(['host error', String(status)]);
    expect(down.cluster.encoder.sent).toHaveLength(1);
  });

  it('after the response has begun are not counted again', () => {
    const down = new Downstream().begin();
    down.cluster.ready();
    down.cluster.respond(200, false);
    down.cluster.decoder.onReset(PROTOCOL);
    expect(down.seen[1]).toContain('{upstream_reset_after_response_started{protocol_error}}');
    expect(flags(down)).toEqual(['upstreamProtocolError']);
    expect(down.cluster.counted).toEqual(['200', 'host success']);
  });

  it('after an interim answer count as after the response', () => {
    const down = new Downstream().begin();
    down.cluster.ready();
    down.cluster.decoder.onInformational(message(103));
    down.cluster.decoder.onReset(TERMINATED);
    expect(down.seen[1]).toBe(`503 ${RESET_BODY} connection termination {upstream_reset_after_response_started{connection_termination}}`);
    expect(down.cluster.counted).toEqual(['103']);
  });

  it('of the client give up what waits and what runs', () => {
    const waiting = new Downstream().begin();
    expect(waiting.info.upstreamHost).toBe(waiting.cluster.host);
    waiting.end();
    expect(waiting.cluster.counted).toEqual(['cancelled']);
    const running = new Downstream().begin();
    running.cluster.ready();
    running.end();
    expect(running.cluster.encoder.sent.at(-1)).toBe('reset: downstream local-reset');
    running.advance(5000);
    expect(running.seen).toEqual([]);
  });

  it('are foreseen in maintenance mode', () => {
    const down = new Downstream();
    down.cluster.maintenance = true;
    down.begin();
    expect(down.seen).toEqual(['503 x-envoy-overloaded: true\r\nmaintenance mode {maintenance_mode}']);
    expect(down.cluster.counted).toEqual(['503', 'maintenance']);
    expect(down.cluster.asked).toBe(0);
  });
});

describe('the route timeout', () => {
  const TIMED_OUT = '504 upstream request timeout {response_timeout}';

  it('runs from the end of the request', () => {
    const down = new Downstream().begin(false);
    down.cluster.ready();
    down.advance(5000);
    down.data('end', true);
    down.advance(999);
    expect(down.seen).toEqual([]);
    down.advance(2);
    expect(down.seen).toEqual([TIMED_OUT]);
    expect(down.cluster.counted).toEqual(['timeout', 'host timeout', 'host error', '504']);
    expect(down.cluster.encoder.sent.at(-1)).toBe('reset: local timeout');
    expect(down.info.hasFlag(ResponseFlag.upstreamRequestTimeout)).toBe(true);
  });

  it('runs while the request waits for a connection', () => {
    const down = new Downstream().begin();
    down.advance(1001);
    expect(down.seen).toEqual([TIMED_OUT]);
    expect(down.cluster.counted).toEqual(['timeout', 'host timeout', 'cancelled', 'host error', '504']);
  });

  it('cuts off a response that takes longer', () => {
    const down = new Downstream().begin();
    down.cluster.ready();
    down.cluster.respond(200, false);
    down.advance(1001);
    expect(down.seen[1]).toBe(TIMED_OUT);
    expect(down.cluster.counted).toEqual(['200', 'host success', 'timeout', 'host timeout']);
  });

  it('can be off', () => {
    const down = new Downstream({ route: { timeoutMs: 0 } }).begin();
    down.cluster.ready();
    down.advance(1_000_000);
    expect(down.seen).toEqual([]);
    expect(down.cluster.encoder.sent).toEqual(['GET / .']);
  });

  it('gives way to max_stream_duration of the route', () => {
    const down = new Downstream({ route: { streamDuration: { maxMs: 50, grpcHeaderMaxMs: undefined, grpcHeaderOffsetMs: 0 } } }).begin();
    down.cluster.ready();
    expect(down.cluster.encoder.sent).toEqual(['GET / .']);
  });

  it.each<[string, [string, string][], number, string]>([
    ['a number', [['x-envoy-upstream-rq-timeout-ms', '200']], 200, '200'],
    ['none', [['x-envoy-upstream-rq-timeout-ms', '0']], Infinity, ''],
    ['letters', [['x-envoy-upstream-rq-timeout-ms', 'soon']], 1000, '1000'],
    ['one for each try', [['x-envoy-upstream-rq-per-try-timeout-ms', '300']], 300, '300'],
    ['a longer one for each try', [['x-envoy-upstream-rq-per-try-timeout-ms', '2000']], 1000, '1000'],
    ['both', [['x-envoy-upstream-rq-timeout-ms', '400'], ['x-envoy-upstream-rq-per-try-timeout-ms', '100']], 100, '100'],
    ['hedging', [['x-envoy-upstream-rq-per-try-timeout-ms', '300'], ['x-envoy-hedge-on-per-try-timeout', 'true']], 300, '1000'],
  ])('may come in a header: %s', (_name, headers, timeoutMs, expected) => {
    const down = new Downstream({ headers }).begin();
    down.cluster.ready();
    expect(down.cluster.encoder.sent).toEqual([expected === '' ? 'GET / .' : `GET / x-envoy-expected-rq-timeout-ms: ${expected}\r\n.`]);
    down.advance(timeoutMs === Infinity ? 1_000_000 : timeoutMs - 1);
    expect(down.seen).toEqual([]);
    if (timeoutMs === Infinity) return;
    down.advance(2);
    expect(down.seen).toHaveLength(1);
  });

  it('is that of the proxy before, where it is respected', () => {
    const headers: [string, string][] = [['x-envoy-expected-rq-timeout-ms', '77'], ['x', 'y']];
    const down = new Downstream({ headers, config: { respectExpectedRqTimeout: true } }).begin();
    down.cluster.ready();
    expect(down.cluster.encoder.sent).toEqual(['GET / x-envoy-expected-rq-timeout-ms: 77\r\nx: y\r\n.']);
    down.advance(78);
    expect(down.seen).toEqual([TIMED_OUT]);
  });

  it('answers 204 to who asks for it', () => {
    const down = new Downstream({ headers: [['x-envoy-upstream-rq-timeout-alt-response', '1']] }).begin();
    down.cluster.ready();
    down.advance(1001);
    expect(down.seen).toEqual(['204  {response_timeout}']);
    expect(down.cluster.counted).toEqual(['timeout', 'host timeout', '204', 'host error']);
  });
});

describe('other limits', () => {
  it('one try is timed from the connection to the head of the response', () => {
    const headers: [string, string][] = [['x-envoy-upstream-rq-per-try-timeout-ms', '100']];
    const down = new Downstream({ headers }).begin();
    down.advance(500);
    down.cluster.ready();
    down.advance(99);
    expect(down.seen).toEqual([]);
    down.advance(2);
    expect(down.seen).toEqual(['504 upstream request timeout {upstream_per_try_timeout}']);
    expect(down.cluster.counted).toContain('per try timeout');
    const answered = new Downstream({ headers }).begin();
    answered.cluster.ready();
    answered.cluster.respond(200, false);
    answered.advance(500);
    expect(answered.seen).toHaveLength(1);
  });

  it('the cluster limits the duration of a stream', () => {
    const down = new Downstream();
    down.cluster.maxStreamDurationMs = 50;
    down.begin();
    down.advance(500);
    down.cluster.ready();
    down.advance(51);
    expect(down.seen).toEqual(['504 upstream max stream duration reached {upstream_max_stream_duration_reached}']);
    expect(down.cluster.counted).toEqual(['max duration']);
    expect(down.info.hasFlag(ResponseFlag.upstreamMaxStreamDurationReached)).toBe(true);
  });

  it('an internal caller names a second place to count in, and the upstream does not hear of it', () => {
    const down = new Downstream({ headers: [['x-envoy-upstream-alt-stat-name', 'alt.']] }).begin();
    down.cluster.ready();
    down.cluster.respond(200, true);
    expect(down.cluster.encoder.sent).toEqual(['GET / x-envoy-expected-rq-timeout-ms: 1000\r\n.']);
    expect(down.cluster.counted[0]).toBe('alt.200');
  });

  it('an internal caller limits the duration in the place of the cluster', () => {
    const down = new Downstream({ headers: [['x-envoy-upstream-stream-duration-ms', '20']] });
    down.cluster.maxStreamDurationMs = 500;
    down.begin();
    down.cluster.ready();
    expect(down.cluster.encoder.sent).toEqual(['GET / x-envoy-expected-rq-timeout-ms: 1000\r\n.']);
    down.advance(21);
    expect(down.cluster.counted).toEqual(['max duration']);
  });
});

describe('back-pressure', () => {
  it('of the upstream holds the client back', () => {
    const down = new Downstream().begin(false);
    down.cluster.ready();
    const { watcher } = down.cluster.encoder;
    watcher!.onHighWatermark();
    expect(down.requestPauses).toBe(1);
    watcher!.onLowWatermark();
    expect(down.requestPauses).toBe(0);
    expect(down.cluster.counted).toEqual(['backed-up', 'drained']);
  });

  it('of the client holds the upstream back, also one that comes later', () => {
    const down = new Downstream().begin();
    down.router.onAboveWriteBuffer(down.stream);
    down.cluster.ready();
    expect(down.cluster.encoder.paused).toBe(1);
    down.router.onBelowWriteBuffer(down.stream);
    expect(down.cluster.encoder.paused).toBe(0);
    down.cluster.respond(200, false);
    down.router.onAboveWriteBuffer(down.stream);
    expect(down.cluster.encoder.paused).toBe(1);
    down.cluster.decoder.onData(NOTHING, true);
    down.router.onBelowWriteBuffer(down.stream);
    expect(down.seen).toEqual(['200 x-envoy-upstream-service-time: 0\r\n', '.']);
  });
});

describe('tunnels', () => {
  const FIELDS: [string, string][] = [['upgrade', 'WebSocket']];

  it('send nothing of the body before the upstream has agreed', () => {
    const down = new Downstream({ headers: FIELDS }).begin(false);
    down.data('one', false);
    down.cluster.ready();
    down.data('two', false);
    expect(down.cluster.encoder.sent).toHaveLength(1);
    down.cluster.respond(101, false, ['upgrade', 'WebSocket']);
    down.data('three', false);
    expect(down.cluster.encoder.sent.slice(1)).toEqual(['one', 'two', 'three']);
    expect(down.requestPauses).toBe(0);
  });

  it('hold the client back when it sends too much before', () => {
    const down = new Downstream({ headers: FIELDS }).begin(false);
    down.cluster.ready();
    down.data('x'.repeat(1024), false);
    expect(down.requestPauses).toBe(0);
    down.data('x', false);
    expect(down.requestPauses).toBe(1);
  });

  it('give a WebSocket client the head of an answer that is no error, and no body', () => {
    const down = new Downstream({ headers: FIELDS }).begin(false);
    down.data('GET /smuggled', false);
    down.cluster.ready();
    down.cluster.respond(200, false, ['x-a', '1'], ['content-length', '2']);
    expect(down.seen).toEqual(['200 x-a: 1\r\n {websocket_handshake_unsuccessful}']);
    expect(down.cluster.encoder.sent.slice(1)).toEqual(['reset: local local-reset']);
  });

  it('pass an error on, and end with it', () => {
    const down = new Downstream({ headers: FIELDS }).begin(false);
    down.data('GET /smuggled', false);
    down.cluster.ready();
    down.cluster.respond(403, true);
    expect(down.seen).toEqual(['403 .']);
    expect(down.cluster.encoder.sent.slice(1)).toEqual(['reset: downstream local-reset']);
  });

  it('time out before they are open, not afterwards', () => {
    const late = new Downstream({ headers: FIELDS }).begin(false);
    late.cluster.ready();
    late.advance(1000);
    expect(late.seen).toEqual(['504 upstream request timeout {response_timeout}']);
    const open = new Downstream({ headers: FIELDS }).begin(false);
    open.cluster.ready();
    open.cluster.respond(101, false);
    open.advance(5000);
    expect(open.seen).toEqual(['101 ']);
  });

  it('of CONNECT open with any 2xx', () => {
    const down = new Downstream();
    down.headers.method = 'CONNECT';
    down.begin(false);
    down.data('raw', false);
    down.cluster.ready();
    expect(down.cluster.encoder.sent).toHaveLength(1);
    down.cluster.respond(201, false);
    expect(down.cluster.encoder.sent.slice(1)).toEqual(['raw']);
  });

  it('that end here take a raw connection', () => {
    for (const [method, connect, kind] of [
      ['CONNECT', { allowPost: false, proxyProtocol: undefined }, ['raw']],
      ['POST', { allowPost: true, proxyProtocol: undefined }, ['raw']],
      ['POST', { allowPost: false, proxyProtocol: undefined }, []],
      ['CONNECT', undefined, []],
    ] as const) {
      const down = new Downstream({ route: { connect } });
      down.headers.method = method;
      down.begin(false);
      expect(down.cluster.counted).toEqual(kind);
    }
  });
});
