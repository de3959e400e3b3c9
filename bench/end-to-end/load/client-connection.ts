import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { ResponseReader } from './response-reader.ts';

export interface ClientOwner {
  onOpen?(connection: ClientConnection): void;
  /** One response is complete; `connection.reader` tells about it. */
  onResponse(connection: ClientConnection): void;
  onClosed(connection: ClientConnection, error: NodeJS.ErrnoException | undefined): void;
}

/** All connections of a load program read into one buffer: what is read is looked at within the callback. */
const readBuffer = Buffer.allocUnsafe(256 * 1024);

export class ClientConnection {
  readonly reader = new ResponseReader();
  /** For the owner: when the request that is under way was due. */
  dueUs = 0;
  readonly #socket: Socket;
  #error: NodeJS.ErrnoException | undefined;

  constructor(port: number, owner: ClientOwner) {
    const onread = { buffer: readBuffer, callback: (length: number) => this.#onBytes(length, owner) };
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, onread });
    this.#socket.on('connect', () => owner.onOpen?.(this));
    this.#socket.on('error', (error) => {
      this.#error = error;
    });
    this.#socket.on('close', () => owner.onClosed(this, this.#error));
  }

  send(bytes: Buffer): boolean {
    return this.#socket.write(bytes);
  }

  onceDrained(callback: () => void): void {
    this.#socket.once('drain', callback);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #onBytes(length: number, owner: ClientOwner): boolean {
    for (let complete = this.reader.push(readBuffer, length); complete > 0; complete--) owner.onResponse(this);
    return true;
  }
}
