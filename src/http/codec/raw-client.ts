import type { Connection, ConnectionOwner, TransportError } from '../../transport/transport.ts';
import type { Failure } from '../failure.ts';
import { HeaderMap } from '../header-map.ts';
import type { ByteCounts } from '../stream-info.ts';
import type { ClientCodec, ClientCodecOwner, PressureWatcher, RequestEncoder, ResponseDecoder } from './codec.ts';
import { ConnectionFlow } from './connection-flow.ts';

/**
 * No protocol at all: an upstream connection as one stream of bytes (a CONNECT that ends here, a TCP proxy).
 *
 *   IDLE ──newStream──▶ OPEN ──FIN seen and FIN sent, peer gone, reset──▶ CLOSED
 *
 * Nothing is read before there is a stream. `sendHeaders` is answered by a 200 at once: who asked for the connection has it.
 */
const IDLE = 0;
const OPEN = 1;
const CLOSED = 2;

const EMPTY = Buffer.alloc(0);
/** Told to the decoder when the upstream has sent RST. */
export const RESET_BY_PEER: Failure = { source: 'upstream', kind: 'connection-termination', details: '' };
const TERMINATED: Failure = { source: 'upstream', kind: 'connection-termination', details: '' };
const ENDED_HERE: Failure = { source: 'downstream', kind: 'local-reset', details: '' };

export class RawClientCodec implements ClientCodec, ConnectionOwner, RequestEncoder, ByteCounts {
  watcher: PressureWatcher | undefined;
  wireReceived = 0;
  wireSent = 0;
  readonly headersReceived = 0;
  readonly headersSent = 0;
  readonly #connection: Connection;
  readonly #owner: ClientCodecOwner;
  readonly #flow: ConnectionFlow;
  #state = IDLE;
  #decoder: ResponseDecoder | undefined;
  /** The peer's FIN has been passed on. */
  #received = false;
  #sent = false;
  /** It carries an HTTP request, which is over with its last byte; what else it carries lasts as long as the connection. */
  #isRequest = false;
  /** Whose FIN came last. */
  #lastEnd = TERMINATED;

  constructor(connection: Connection, owner: ClientCodecOwner, highWatermarkBytes: number) {
    this.#connection = connection;
    this.#owner = owner;
    this.#flow = new ConnectionFlow(connection, highWatermarkBytes);
    connection.pauseReads();
  }

  // ClientCodec

  get canTakeStream(): boolean {
    return this.#state === IDLE;
  }

  get activeStreams(): number {
    return this.#decoder === undefined ? 0 : 1;
  }

  newStream(decoder: ResponseDecoder): RequestEncoder {
    this.#state = OPEN;
    this.#decoder = decoder;
    this.#connection.resumeReads();
    return this;
  }

  close(failure: Failure): void {
    const decoder = this.#decoder;
    this.#shutDown(failure);
    decoder?.onReset(failure);
  }

  // RequestEncoder

  get bytes(): ByteCounts {
    return this;
  }

  sendHeaders(_headers: HeaderMap, end: boolean): void {
    this.#isRequest = true;
    if (end) this.sendData(EMPTY, true);
    const accepted = new HeaderMap();
    accepted.status = 200;
    this.#decoder?.onHeaders(accepted, false);
  }

  sendData(chunk: Buffer, end: boolean): void {
    if (this.#decoder === undefined || this.#sent) return;
    if (chunk.length > 0) {
      this.wireSent += chunk.length;
      this.#connection.writeBytes(chunk);
    }
    if (end) {
      this.#sent = true;
      this.#connection.endWrites();
      if (this.#received) this.#endStream(ENDED_HERE);
    } else {
      this.#flow.checkPressure(this.watcher);
    }
  }

  /** A body's end is the end of what is sent: there is no place for fields. */
  sendTrailers(_trailers: HeaderMap): void {
    this.sendData(EMPTY, true);
  }

  reset(failure: Failure): void {
    if (this.#decoder === undefined) return;
    this.#shutDown(failure);
  }

  pause(): void {
    if (this.#decoder !== undefined) this.#flow.pause();
  }

  resume(): void {
    if (this.#decoder !== undefined) this.#flow.resume();
  }

  // ConnectionOwner

  onBytes(bytes: Buffer, length: number): void {
    this.wireReceived += length;
    this.#decoder?.onData(bytes.length === length ? bytes : bytes.subarray(0, length), false);
  }

  onEnd(): void {
    const decoder = this.#decoder;
    if (decoder === undefined || this.#received) return;
    this.#received = true;
    if (this.#sent) this.#endStream(TERMINATED);
    decoder.onData(EMPTY, true);
  }

  onClosed(error: TransportError | undefined): void {
    const decoder = this.#decoder;
    this.#shutDown(this.#lastEnd);
    decoder?.onReset(error?.code === 'ECONNRESET' ? RESET_BY_PEER : TERMINATED);
  }

  onDrained(): void {
    this.#flow.onDrained(this.watcher);
  }

  /** Both sides have ended; the connection closes by itself once everything has left. */
  #endStream(lastEnd: Failure): void {
    this.#decoder = undefined;
    this.#lastEnd = lastEnd;
    if (this.#isRequest) this.#owner.onStreamEnd(this);
  }

  #shutDown(failure: Failure): void {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    this.#decoder = undefined;
    if (failure.kind === 'remote-reset') this.#connection.reset();
    else this.#connection.destroy();
    this.#owner.onCodecClosed(this, failure);
  }
}
