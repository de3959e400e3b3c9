import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { JSON_PATH, jsonBody } from './json-body.ts';
import { BODY, ECHOED_HEADERS } from './origin.ts';

/**
 * node-origin.ts PORT: an origin on raw sockets for requests without a body, with Content-Length, or chunked. It trusts
 * its peer to be a proxy under measurement: a malformed request ends the connection.
 */
const EXTRA = 'X-Powered-By: origin\r\nCache-Control: no-store\r\nETag: abcdef0123456789\r\nContent-Type: application/json\r\n';
const SMALL = answer(BODY);
const JSON_ANSWER = answer(jsonBody());
const BLOCK = Buffer.alloc(1 << 20, 'x');
const MAX_HEAD_BYTES = 64 * 1024;

class OriginConnection {
  readonly #socket: Socket;
  #head = '';
  /** Bytes of a request body still to come; Infinity while chunks come. */
  #bodyBytes = 0;
  #chunkTail = '';

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes: Buffer) => this.#onBytes(bytes));
  }

  #onBytes(bytes: Buffer): void {
    if (this.#bodyBytes === Infinity) return this.#onChunkedBytes(bytes);
    if (this.#bodyBytes > 0) {
      this.#bodyBytes -= bytes.length;
      if (this.#bodyBytes <= 0) this.#onRequestEnd();
      return;
    }
    this.#head += bytes.toString('latin1');
    for (;;) {
      const end = this.#head.indexOf('\r\n\r\n');
      if (end === -1) {
        if (this.#head.length > MAX_HEAD_BYTES) this.#socket.destroy();
        return;
      }
      const rest = this.#head.slice(end + 4);
      const head = this.#head.slice(0, end + 2);
      this.#head = rest;
      if (!this.#onHead(head)) return;
    }
  }

  /** True when the next request may follow in what has been read. */
  #onHead(head: string): boolean {
    if (head.startsWith('GET ')) {
      this.#answerGet(head);
      return true;
    }
    const length = Number(valueOf(head, 'content-length') ?? 0);
    const rest = Buffer.from(this.#head, 'latin1');
    this.#head = '';
    if (/chunked/i.test(valueOf(head, 'transfer-encoding') ?? '')) {
      this.#bodyBytes = Infinity;
      this.#onChunkedBytes(rest);
    } else {
      this.#bodyBytes = length - rest.length;
      if (this.#bodyBytes <= 0) this.#onRequestEnd();
    }
    return false;
  }

  /** Bodies of the benchmark hold no line ends, so the last chunk cannot be mistaken. */
  #onChunkedBytes(bytes: Buffer): void {
    this.#chunkTail = (this.#chunkTail + bytes.toString('latin1', Math.max(0, bytes.length - 7))).slice(-7);
    if (this.#chunkTail.endsWith('\r\n0\r\n\r\n') || this.#chunkTail === '0\r\n\r\n') this.#onRequestEnd();
  }

  #onRequestEnd(): void {
    this.#bodyBytes = 0;
    this.#chunkTail = '';
    this.#socket.write(SMALL, 'latin1');
  }

  #answerGet(head: string): void {
    const path = head.slice(4, head.indexOf(' ', 4));
    const bytes = /\/bytes\/(\d+)$/.exec(path);
    if (bytes !== null) this.#answerBytes(Number(bytes[1]));
    else if (path === JSON_PATH) this.#socket.write(JSON_ANSWER, 'latin1');
    else if (path.endsWith('/echo')) this.#socket.write(answer(ECHOED_HEADERS.map((name) => `${valueOf(head, name) ?? ''}\n`).join('')), 'latin1');
    else this.#socket.write(SMALL, 'latin1');
  }

  #answerBytes(total: number): void {
    let left = total;
    this.#socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`, 'latin1');
    const fill = (): void => {
      while (left > 0 && !this.#socket.destroyed) {
        const block = left >= BLOCK.length ? BLOCK : BLOCK.subarray(0, left);
        left -= block.length;
        if (!this.#socket.write(block) && left > 0) return void this.#socket.once('drain', fill);
      }
    };
    fill();
  }
}

function answer(body: string): string {
  return `HTTP/1.1 200 OK\r\n${EXTRA}Content-Length: ${body.length}\r\n\r\n${body}`;
}

function valueOf(head: string, name: string): string | undefined {
  return new RegExp(`\r\n${name}:[ \t]*([^\r]*)`, 'i').exec(head)?.[1];
}

createServer((socket) => void new OriginConnection(socket)).listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });
