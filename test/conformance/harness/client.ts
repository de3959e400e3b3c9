/** The client of a case: opens connections, sends what the transcript says, and keeps what comes back. */

import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { ConnectionLog } from './connection-log.ts';
import { hasEnded } from './h2-frames.ts';
import { clientTls, type TlsScript } from './tls.ts';
import { responsesIn } from './message-text.ts';

export class ClientConnection {
  readonly log: ConnectionLog;
  readonly methods: string[] = [];
  readonly #waitLimitMs: number;
  #responsesAwaited = 0;
  #interimsAwaited = 0;

  /** What another connection can resume. */
  session: Buffer | undefined;

  constructor(port: number, waitLimitMs: number, tls?: TlsScript, resumed?: Buffer) {
    this.#waitLimitMs = waitLimitMs;
    const target = { port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true };
    if (tls === undefined) {
      this.log = new ConnectionLog(connect(target));
      return;
    }
    const socket = connectTls({ ...clientTls(tls, resumed), ...target });
    socket.on('session', (session: Buffer) => (this.session = session));
    this.log = new ConnectionLog(socket);
  }

  send(text: string, method: string | undefined): void {
    if (method !== undefined) this.methods.push(method);
    this.log.write(text);
  }

  awaitResponse(): Promise<boolean> {
    const wanted = ++this.#responsesAwaited;
    return this.log.until(() => this.#progress().finals >= wanted, this.#waitLimitMs);
  }

  awaitInterim(): Promise<boolean> {
    const wanted = ++this.#interimsAwaited;
    return this.log.until(() => this.#progress().interims >= wanted, this.#waitLimitMs);
  }

  awaitText(text: string): Promise<boolean> {
    return this.log.until(() => this.log.received.includes(text), this.#waitLimitMs);
  }

  awaitStream(id: number): Promise<boolean> {
    return this.log.until(() => hasEnded(this.log.received, id), this.#waitLimitMs);
  }

  awaitClose(): Promise<boolean> {
    return this.log.until(() => this.log.end !== 'open', this.#waitLimitMs);
  }

  #progress() {
    return responsesIn(this.log.received, this.methods, this.log.end !== 'open');
  }
}
