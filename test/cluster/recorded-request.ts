import type { RequestEncoder, ResponseDecoder } from '../../src/http/codec/codec.ts';
import type { Failure } from '../../src/http/failure.ts';
import { HeaderMap } from '../../src/http/header-map.ts';
import type { Cluster, Host, LoadBalancerContext, PendingStream, PoolCallbacks, RoutePriority, UpstreamConnectionInfo } from '../../src/http/upstream.ts';

/** A request as the router would make it, which writes down what happens to it. */
export class RecordedRequest implements ResponseDecoder, PoolCallbacks, LoadBalancerContext {
  /** `ready 10.0.0.1:80`, `200`, `end`, `reset connection-termination`, `failure overflow`. */
  readonly events: string[] = [];
  readonly requestHeaders: HeaderMap | undefined = undefined;
  hostSelectionAttempts = 1;
  downstream: LoadBalancerContext['downstream'] | undefined;
  readonly tried = new Set<Host>();
  encoder: RequestEncoder | undefined;
  host: Host | undefined;
  connection: UpstreamConnectionInfo | undefined;
  reused: boolean | undefined;
  failure: Failure | undefined;
  pending: PendingStream | undefined;
  /** Called at the end of each event. */
  onEvent: ((event: string) => void) | undefined;

  startOn(cluster: Cluster, priority: RoutePriority = 'default'): this {
    this.pending = cluster.newStream(this, priority, this, this);
    return this;
  }

  send(path = '/'): void {
    const headers = new HeaderMap();
    headers.method = 'GET';
    headers.path = path;
    headers.authority = 'test';
    this.encoder!.sendHeaders(headers, true);
  }

  onPoolReady(encoder: RequestEncoder, host: Host, connection: UpstreamConnectionInfo): void {
    this.encoder = encoder;
    this.host = host;
    this.connection = connection;
    this.reused = connection.reused;
    this.#record(`ready ${host.address.text}`);
  }

  onPoolFailure(failure: Failure, host: Host | undefined): void {
    this.failure = failure;
    this.host = host;
    this.#record(`failure ${failure.kind}`);
  }

  onInformational(headers: HeaderMap): void {
    this.#record(String(headers.status));
  }

  onHeaders(headers: HeaderMap, end: boolean): void {
    this.#record(String(headers.status));
    if (end) this.#record('end');
  }

  onData(_chunk: Buffer, end: boolean): void {
    if (end) this.#record('end');
  }

  onTrailers(): void {
    this.#record('end');
  }

  onReset(failure: Failure): void {
    this.failure = failure;
    this.#record(`reset ${failure.kind}`);
  }

  hash(): undefined {}
  metadataMatch(): undefined {}

  isHostTried(host: Host): boolean {
    return this.tried.has(host);
  }

  #record(event: string): void {
    this.events.push(event);
    this.onEvent?.(event);
  }
}
