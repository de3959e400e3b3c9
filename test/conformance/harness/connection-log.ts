/** Remembers everything one socket received and how it ended, and lets a script wait for either. */

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { ConnectionEnd } from './answer.ts';

export class ConnectionLog {
  received = '';
  end: ConnectionEnd = 'open';
  /** The socket is gone on both sides. */
  gone = false;
  readonly socket: Socket;
  readonly #secure: boolean;
  /** What a client of TLS has asked for and shown; undefined on its own side, and without TLS. */
  readonly agreed: string | undefined;
  readonly localPort: () => number | undefined;
  #waiting: (() => void)[] = [];
  #lastPort: number | undefined;

  constructor(socket: Socket, onChange?: () => void) {
    this.socket = socket;
    this.#secure = socket instanceof TLSSocket;
    this.agreed = socket instanceof TLSSocket && socket.alpnProtocol !== null ? agreedBy(socket) : undefined;
    this.localPort = () => (this.#lastPort ??= socket.localPort);
    const changed = (): void => {
      onChange?.();
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const wake of waiting) wake();
    };
    socket.on('connect', () => void this.localPort());
    socket.on('data', (bytes) => {
      this.received += bytes.toString('latin1');
      changed();
    });
    socket.on('end', () => {
      this.#ended('closed');
      changed();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // An alert is the TLS way to say why a connection closes; Node cannot send them, so that they are no part of an answer.
      const isAlert = error.code?.startsWith('ERR_SSL_') === true || error.message.includes('before secure TLS connection');
      this.#ended(error.code === 'ECONNREFUSED' ? 'refused' : isAlert || this.#secure ? 'closed' : 'reset');
      changed();
    });
    socket.on('close', () => {
      this.#ended('closed');
      this.gone = true;
      changed();
    });
  }

  #ended(end: ConnectionEnd): void {
    if (this.end === 'open') this.end = end;
  }

  write(text: string): void {
    if (this.socket.writable) this.socket.write(text, 'latin1');
  }

  halfClose(): void {
    this.socket.end();
  }

  /** Flushes and closes both ways. */
  close(): void {
    this.#ended('closed here');
    this.socket.end(() => this.socket.destroy());
    this.socket.resume();
  }

  reset(): void {
    this.#ended('closed here');
    if (this.#secure) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  /** Resolves to false when `done` has not held within `limitMs`. */
  async until(done: () => boolean, limitMs: number): Promise<boolean> {
    const deadline = performance.now() + limitMs;
    while (!done()) {
      const left = deadline - performance.now();
      if (left <= 0 || (this.gone && !done())) return done();
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return true;
  }
}

/** Only servers have sockets that have done their handshake before anybody sees them. */
const agreedBy = (socket: TLSSocket): string => {
  const { servername } = socket as unknown as { readonly servername: string | false };
  const shown = socket.getPeerCertificate() as { readonly subject?: { readonly CN?: string } } | null;
  return `name=${servername || '-'} alpn=${socket.alpnProtocol || '-'} certificate=${shown?.subject?.CN ?? '-'} resumed=${socket.isSessionReused()}`;
};
