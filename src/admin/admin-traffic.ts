import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../core/clock.ts';
import type { StatGroup, StatStore } from '../core/stats/stats.ts';
import type { AccessLog } from '../http/access-log.ts';
import { HeaderMap } from '../http/header-map.ts';
import { H } from '../http/header-name.ts';
import { ADMIN_HTTP_STATS, countResponse, LISTENER_HTTP_STATS } from '../http/http-stats.ts';
import { isLoopback } from '../http/ip-prefix.ts';
import { ADMIN_LISTENER_STATS, LISTENER_WORKER_STATS } from '../http/listener-stats.ts';
import { type ConnectionInfo, StreamInfo } from '../http/stream-info.ts';
import type { AdminAddress } from './admin-host.ts';

export interface AdminTrafficOptions {
  readonly stats: StatStore;
  readonly clock: Clock;
  readonly logs: readonly AccessLog[];
  /** What stands in `x-forwarded-for` for a client on the loopback. */
  readonly localAddress: string;
}

/** What connections and requests of the admin interface leave in statistics and access logs. */
export class AdminTraffic {
  readonly #options: AdminTrafficOptions;
  readonly #http: StatGroup;
  readonly #listener: StatGroup;
  readonly #listenerHttp: StatGroup;
  readonly #thread: StatGroup;
  readonly #connections = new WeakMap<Socket, AdminConnection>();
  #connectionIds = 0;

  constructor(options: AdminTrafficOptions) {
    const { stats } = options;
    this.#options = options;
    this.#http = stats.group('http.admin', ADMIN_HTTP_STATS);
    this.#listener = stats.group('listener.admin', ADMIN_LISTENER_STATS);
    this.#listenerHttp = stats.group('listener.admin.http.admin', LISTENER_HTTP_STATS);
    this.#thread = stats.group('listener.admin.main_thread', LISTENER_WORKER_STATS);
  }

  onConnection(socket: Socket): void {
    const { clock } = this.#options;
    const connection = new AdminConnection(socket, this.#connectionIds++, clock.monotonicMs());
    this.#connections.set(socket, connection);
    this.#http.inc(ADMIN_HTTP_STATS.downstream_cx_total);
    this.#http.inc(ADMIN_HTTP_STATS.downstream_cx_http1_total);
    this.#listener.inc(ADMIN_LISTENER_STATS.downstream_cx_total);
    this.#thread.inc(LISTENER_WORKER_STATS.downstream_cx_total);
    this.#addActive(1);
    socket.once('close', () => this.#onClosed(connection));
  }

  onRequest(request: IncomingMessage): AdminExchange {
    this.#http.inc(ADMIN_HTTP_STATS.downstream_rq_total);
    this.#http.inc(ADMIN_HTTP_STATS.downstream_rq_http1_total);
    this.#http.gaugeAdd(ADMIN_HTTP_STATS.downstream_rq_active, 1);
    return new AdminExchange(request, this.#connections.get(request.socket)!, this.#options);
  }

  /** Exactly once for each exchange: the answer has left, or its client has. */
  onEnd(exchange: AdminExchange): void {
    const { responseCode } = exchange.info;
    this.#http.gaugeAdd(ADMIN_HTTP_STATS.downstream_rq_active, -1);
    if (responseCode !== 0) countResponse(this.#http, this.#listenerHttp, responseCode);
    exchange.end(this.#countBytes(exchange.connection));
    this.#http.record(ADMIN_HTTP_STATS.downstream_rq_time, Math.floor(exchange.info.endMs - exchange.info.startMs));
  }

  #onClosed(connection: AdminConnection): void {
    const lengthMs = Math.floor(this.#options.clock.monotonicMs() - connection.startMs);
    this.#countBytes(connection);
    this.#addActive(-1);
    this.#http.inc(ADMIN_HTTP_STATS.downstream_cx_destroy);
    this.#http.inc(connection.socket.readableEnded ? ADMIN_HTTP_STATS.downstream_cx_destroy_remote : ADMIN_HTTP_STATS.downstream_cx_destroy_local);
    this.#http.record(ADMIN_HTTP_STATS.downstream_cx_length_ms, lengthMs);
    this.#listener.inc(ADMIN_LISTENER_STATS.downstream_cx_destroy);
    this.#listener.record(ADMIN_LISTENER_STATS.downstream_cx_length_ms, lengthMs);
  }

  #addActive(change: number): void {
    this.#http.gaugeAdd(ADMIN_HTTP_STATS.downstream_cx_active, change);
    this.#http.gaugeAdd(ADMIN_HTTP_STATS.downstream_cx_http1_active, change);
    this.#listener.gaugeAdd(ADMIN_LISTENER_STATS.downstream_cx_active, change);
    this.#thread.gaugeAdd(LISTENER_WORKER_STATS.downstream_cx_active, change);
  }

  #countBytes(connection: AdminConnection): Bytes {
    const bytes = connection.takeBytes();
    this.#http.add(ADMIN_HTTP_STATS.downstream_cx_rx_bytes_total, bytes.received);
    this.#http.add(ADMIN_HTTP_STATS.downstream_cx_tx_bytes_total, bytes.sent);
    return bytes;
  }
}

/** Moved by a connection. */
interface Bytes {
  readonly received: number;
  readonly sent: number;
}

/** There is no TLS, and the listener has no name. */
const PLAIN = { requestedServerName: '', secure: false, tls: undefined, transportFailureReason: '', terminationDetails: '', listenerName: '', filterChainName: '' };

/** One connection: what its access log records have in common, and the bytes that have been counted. */
class AdminConnection {
  readonly socket: Socket;
  readonly startMs: number;
  readonly info: ConnectionInfo;
  #received = 0;
  #sent = 0;

  constructor(socket: Socket, id: number, startMs: number) {
    this.socket = socket;
    this.startMs = startMs;
    const local = addressOf(socket.localAddress, socket.localPort);
    const remote = addressOf(socket.remoteAddress, socket.remotePort);
    const addresses = { localAddress: local, directLocalAddress: local, remoteAddress: remote, directRemoteAddress: remote };
    this.info = { ...PLAIN, ...addresses, id, startMs };
  }

  /** Since the last time. */
  takeBytes(): Bytes {
    const { bytesRead, bytesWritten } = this.socket;
    const taken = { received: bytesRead - this.#received, sent: bytesWritten - this.#sent };
    this.#received = bytesRead;
    this.#sent = bytesWritten;
    return taken;
  }
}

/** One request and its answer. */
export class AdminExchange {
  readonly connection: AdminConnection;
  readonly info: StreamInfo;
  readonly #options: AdminTrafficOptions;
  readonly #request: IncomingMessage;
  #response: HeaderMap | undefined;
  #headersSent = 0;

  constructor(request: IncomingMessage, connection: AdminConnection, options: AdminTrafficOptions) {
    this.#request = request;
    this.#options = options;
    this.connection = connection;
    this.info = new StreamInfo(connection.info);
    this.info.startMs = options.clock.monotonicMs();
    this.info.startWallMs = options.clock.wallMs();
  }

  /** `headers`: names and values in turn. */
  onAnswer(status: number, headers: readonly string[]): void {
    this.info.requestEndMs = this.#options.clock.monotonicMs();
    this.info.responseCode = status;
    this.info.responseCodeDetails = 'admin_filter_response';
    this.#response = linesOf(headers);
    this.#response.remove(H.transferEncoding);
    this.#response.status = status;
    this.#headersSent = textLength(headers) + headers.length * 2;
  }

  onForm(chunk: Buffer): void {
    this.info.bytesReceived += chunk.length;
  }

  onBody(chunk: string | Uint8Array): void {
    this.info.bytesSent += Buffer.byteLength(chunk);
  }

  end({ received, sent }: Bytes): void {
    const { rawHeaders } = this.#request;
    this.info.endMs = this.#options.clock.monotonicMs();
    this.info.downstreamBytes = { wireReceived: received, wireSent: sent, headersReceived: textLength(rawHeaders) + (rawHeaders.length / 2) * 3, headersSent: this.#headersSent };
    if (this.#options.logs.length === 0) return;
    const entry = { info: this.info, requestHeaders: this.#requestHeaders(), responseHeaders: this.#response, responseTrailers: undefined, type: 'DownstreamEnd' } as const;
    for (const log of this.#options.logs) log.log(entry);
  }

  /** As Envoy's connection manager would have left them. */
  #requestHeaders(): HeaderMap {
    const { method = '', url = '', rawHeaders, headers: known } = this.#request;
    const headers = linesOf(rawHeaders);
    headers.removeText('host');
    headers.method = method;
    headers.path = url;
    headers.scheme = 'http';
    headers.authority = known.host ?? '';
    const { remoteAddress } = this.connection.info;
    const peer = isLoopback(remoteAddress) ? this.#options.localAddress : remoteAddress.host;
    const forwarded = headers.getJoined(H.xForwardedFor);
    headers.set(H.xForwardedFor, forwarded === undefined ? peer : `${forwarded},${peer}`);
    headers.set(H.xForwardedProto, 'http');
    this.info.requestId = headers.get(H.xRequestId) ?? '';
    return headers;
  }
}

function textLength(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}

function linesOf(pairs: readonly string[]): HeaderMap {
  const headers = new HeaderMap();
  for (let at = 0; at + 1 < pairs.length; at += 2) headers.addText(pairs[at]!.toLowerCase(), pairs[at + 1]!);
  return headers;
}

function addressOf(host = '', port = 0): AdminAddress {
  if (host === '') return { kind: 'pipe', host, port: 0, text: host };
  return { kind: 'ip', host, port, text: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}` };
}
