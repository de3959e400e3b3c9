import type { PressureWatcher, RequestEncoder, ResponseDecoder } from '../http/codec/codec.ts';
import type { Failure } from '../http/failure.ts';
import { HeaderMap } from '../http/header-map.ts';
import type { Cluster, ClusterLookup, ClusterMembership, Host, LoadBalancerContext, PendingStream, PoolCallbacks, RoutePriority } from '../http/upstream.ts';
import { addFields, bytesOf, chunksOf, type FieldLines, type Fields, fieldsOf, type MessageScript } from './message-script.ts';

const ADDRESS = { kind: 'ip', host: '10.0.0.1', port: 80, text: '10.0.0.1:80' } as const;
const LOCAL = { kind: 'ip', host: '10.0.0.2', port: 40000, text: '10.0.0.2:40000' } as const;
const CUT: Failure = { source: 'upstream', kind: 'connection-termination', details: '' };

/** Every cluster that a route names: one host whose answers the test gives. */
export class ScriptedUpstreams implements ClusterLookup {
  readonly requests: UpstreamRequest[] = [];
  /** What clusters say of their members, by name; others have one healthy host. */
  readonly memberships = new Map<string, ClusterMembership>();
  /** Clusters that do not exist. */
  readonly missing = new Set<string>();
  readonly #clusters = new Map<string, ScriptedCluster>();

  get(name: string): Cluster | undefined {
    if (name === '' || this.missing.has(name)) return undefined;
    let cluster = this.#clusters.get(name);
    if (cluster === undefined) this.#clusters.set(name, (cluster = new ScriptedCluster(name, this)));
    return cluster;
  }
}

/** A request that reached an upstream, as it came, and the way to answer it. */
export class UpstreamRequest implements RequestEncoder {
  readonly cluster: string;
  watcher: PressureWatcher | undefined;
  readonly bytes = { wireReceived: 0, wireSent: 0, headersReceived: 0, headersSent: 0 };
  /** `:method`, `:path`, `:authority`, `:scheme` and the lines; repeated ones joined with `, `. */
  headers: Fields = {};
  body = Buffer.alloc(0);
  trailers: Fields | undefined;
  ended = false;
  /** The proxy gave the request up. */
  wasReset = false;
  /** How many more times the response was paused than resumed. */
  paused = 0;
  readonly #decoder: ResponseDecoder;

  constructor(cluster: string, decoder: ResponseDecoder) {
    this.cluster = cluster;
    this.#decoder = decoder;
  }

  get text(): string {
    return this.body.toString('latin1');
  }

  /** A whole response, or as far as the script goes: with `more`, data follows. */
  respond({ status = 200, headers = {}, body, trailers, more = false }: MessageScript): void {
    const map = new HeaderMap();
    map.status = status;
    addFields(map, headers);
    const chunks = chunksOf(body);
    this.#decoder.onHeaders(map, chunks.length === 0 && trailers === undefined && !more);
    chunks.forEach((chunk, index) => this.data(chunk, index === chunks.length - 1 && trailers === undefined && !more));
    if (trailers !== undefined) this.trailersArrive(trailers);
  }

  /** More body. The bytes are overwritten after the call, as a lent buffer may be. */
  data(body: string | Uint8Array, end = false): void {
    const lent = bytesOf(body);
    this.#decoder.onData(lent, end);
    lent.fill(0x21);
  }

  trailersArrive(trailers: FieldLines): void {
    const map = new HeaderMap();
    addFields(map, trailers);
    this.#decoder.onTrailers(map);
  }

  /** The connection breaks. */
  cut(): void {
    this.#decoder.onReset(CUT);
  }

  // RequestEncoder: called by the router

  sendHeaders(headers: HeaderMap, end: boolean): void {
    const pseudo = { ':method': headers.method, ':path': headers.path, ':authority': headers.authority, ':scheme': headers.scheme };
    this.headers = { ...pseudo, ...fieldsOf(headers) };
    this.ended = end;
  }

  sendData(chunk: Buffer, end: boolean): void {
    this.body = Buffer.concat([this.body, chunk]);
    this.ended = end;
  }

  sendTrailers(trailers: HeaderMap): void {
    this.trailers = fieldsOf(trailers);
    this.ended = true;
  }

  reset(): void {
    this.wasReset = true;
  }

  pause(): void {
    this.paused++;
  }

  resume(): void {
    this.paused--;
  }
}

/** One host, always ready. */
class ScriptedCluster implements Cluster {
  readonly name: string;
  readonly metadata = undefined;
  readonly requestStats = NO_COUNTS;
  readonly bufferLimitBytes = 1 << 20;
  readonly maxStreamDurationMs = 0;
  readonly #upstreams: ScriptedUpstreams;

  constructor(name: string, upstreams: ScriptedUpstreams) {
    this.name = name;
    this.#upstreams = upstreams;
  }

  get statName(): string {
    return this.name;
  }

  chooseHost(): Host {
    return HOST;
  }

  newStream(_context: LoadBalancerContext, _priority: RoutePriority, decoder: ResponseDecoder, callbacks: PoolCallbacks): PendingStream | undefined {
    const request = new UpstreamRequest(this.name, decoder);
    this.#upstreams.requests.push(request);
    const connection = { id: 1, local: LOCAL, remote: ADDRESS, protocol: 'HTTP/1.1', connectStartMs: 0, connectEndMs: 0, reused: false } as const;
    callbacks.onPoolReady(request, HOST, connection);
    return undefined;
  }

  newTcpStream(_context: LoadBalancerContext, _priority: RoutePriority, _decoder: ResponseDecoder, callbacks: PoolCallbacks): PendingStream | undefined {
    callbacks.onPoolFailure(CUT, undefined);
    return undefined;
  }

  membership(): ClusterMembership {
    return this.#upstreams.memberships.get(this.name) ?? { total: 1, healthy: 1, degraded: 0 };
  }

  acquireRetry(): boolean {
    return false;
  }

  releaseRetry(): void {}

  inMaintenanceMode(): boolean {
    return false;
  }
}

const HOST: Host = {
  address: ADDRESS,
  hostname: '',
  healthy: true,
  weight: 1,
  priority: 0,
  locality: { region: '', zone: '', subZone: '' },
  metadata: undefined,
  canary: false,
  activeRequests: 0,
  onRequestSuccess: () => {},
  onRequestError: () => {},
  onRequestTimeout: () => {},
};

const NO_COUNTS: Cluster['requestStats'] = {
  onResponse: () => {},
  onResponseTime: () => {},
  onRetriedResponse: () => {},
  onTimeout: () => {},
  onPerTryTimeout: () => {},
  onMaxDurationReached: () => {},
  onRetry: () => {},
  onMaintenanceMode: () => {},
  onFlowControl: () => {},
};
