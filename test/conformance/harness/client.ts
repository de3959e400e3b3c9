/** The client of a case: opens connections, sends what the transcript says, and keeps what comes back. */

import { connect } from 'node:net';
import { ConnectionLog } from './connection-log.ts';
import { responsesIn } from './message-text.ts';

/** Longer than any timeout a case configures. */
const WAIT_LIMIT_MS = 5_000;

export class ClientConnection {
  readonly log: ConnectionLog;
  readonly methods: string[] = [];
  #responsesAwaited = 0;
  #interimsAwaited = 0;

  constructor(port: number) {
    this.log = new ConnectionLog(connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true }));
  }

  send(text: string, method: string | undefined): void {
    if (method !== undefined) this.methods.push(method);
    this.log.write(text);
  }

  awaitResponse(): Promise<boolean> {
    const wanted = ++this.#responsesAwaited;
    return this.log.until(() => this.#progress().finals >= wanted, WAIT_LIMIT_MS);
  }

  awaitInterim(): Promise<boolean> {
    const wanted = ++this.#interimsAwaited;
    return this.log.until(() => this.#progress().interims >= wanted, WAIT_LIMIT_MS);
  }

  awaitText(text: string): Promise<boolean> {
    return this.log.until(() => this.log.received.includes(text), WAIT_LIMIT_MS);
  }

  awaitClose(): Promise<boolean> {
    return this.log.until(() => this.log.end !== 'open', WAIT_LIMIT_MS);
  }

  #progress() {
    return responsesIn(this.log.received, this.methods, this.log.end !== 'open');
  }
}
