import { connect, type TLSSocket } from 'node:tls';

const REQUEST = 'GET / HTTP/1.1\r\nHost: example.com\r\n\r\n';
const OPENING_AT_ONCE = 64;

/** Requests over TLS, one after the other on each of many connections that stay, and on others that are opened for one request. */
export class SecureLoad {
  answered = 0;
  handshakes = 0;
  readonly failures = new Map<string, number>();
  /** Common name of the certificate that the newest connection was shown. */
  shown = '';
  readonly #port: number;
  readonly #open = new Set<TLSSocket>();
  #running = true;

  constructor(port: number) {
    this.#port = port;
  }

  get failed(): number {
    return [...this.failures.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Resolves when all have had their first answer. Each asks again `pauseMs` after an answer. */
  async hold(connections: number, pauseMs: number): Promise<void> {
    for (let opened = 0; opened < connections; opened += OPENING_AT_ONCE) {
      await Promise.all(Array.from({ length: Math.min(OPENING_AT_ONCE, connections - opened) }, () => this.#keep(pauseMs)));
    }
  }

  /** New connections, each for one request, `lanes` at a time, until `stop`. */
  renew(lanes: number): void {
    for (let lane = 0; lane < lanes; lane++) void this.#renewing();
  }

  stop(): void {
    this.#running = false;
    for (const socket of this.#open) socket.destroy();
  }

  async #renewing(): Promise<void> {
    while (this.#running) {
      await new Promise<void>((resolve) => {
        const socket = this.#connect((answered) => {
          answered.destroy();
        });
        socket.on('close', () => resolve());
      });
    }
  }

  #keep(pauseMs: number): Promise<void> {
    return new Promise((resolve) => {
      const socket = this.#connect((answered) => {
        resolve();
        setTimeout(() => this.#ask(answered), pauseMs);
      });
      socket.on('close', () => resolve());
    });
  }

  #ask(socket: TLSSocket): void {
    if (!this.#running) return;
    if (socket.writable) socket.write(REQUEST);
    else this.#fail('a connection that stays was closed');
  }

  #connect(onAnswer: (socket: TLSSocket) => void): TLSSocket {
    let asked = false;
    const socket = connect({ port: this.#port, host: '127.0.0.1', servername: 'example.com', rejectUnauthorized: false }, () => {
      this.handshakes++;
      this.shown = String(socket.getPeerCertificate().subject.CN);
      socket.write(REQUEST);
    });
    this.#open.add(socket);
    socket.on('data', (bytes: Buffer) => {
      if (!bytes.toString('latin1').startsWith('HTTP/1.1 200 ')) this.#fail('not a 200');
      this.answered++;
      asked = true;
      onAnswer(socket);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#running) this.#fail(error.code ?? error.message);
      asked = true;
    });
    socket.on('close', () => {
      this.#open.delete(socket);
      if (!asked && this.#running) this.#fail('closed before an answer');
    });
    return socket;
  }

  #fail(what: string): void {
    this.failures.set(what, (this.failures.get(what) ?? 0) + 1);
  }
}
