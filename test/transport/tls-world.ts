import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import type { Address, ConnectingOwner, Connection, ConnectionOwner, ConnectOptions, ListenerSocket, ListenOptions, Transport, TransportError } from '../../src/transport/transport.ts';
import type { TlsHandshake, TlsSession, TlsUpgrade } from '../../src/transport/tls.ts';

const text = (file: string): string => readFileSync(new URL(`../support/certificates/${file}`, import.meta.url), 'utf8');

export const serverOptions = { cert: text('server.pem'), key: text('server.key'), ca: text('ca.pem'), sessionIdContext: 'test' };
const serverContext = tls.createSecureContext(serverOptions);
const clientContext = tls.createSecureContext({ cert: text('client.pem'), key: text('client.key'), ca: text('ca.pem') });

/** What both ends of a test's connections offer and hear. */
export class Handshake implements TlsHandshake {
  readonly side: 'client' | 'server';
  readonly context: tls.SecureContext;
  applicationProtocols: readonly string[] = ['http/1.1'];
  serverName = 'example.com';
  session: Buffer | undefined;
  clientCertificate: TlsHandshake['clientCertificate'] = 'optional';
  verdict: TransportError | undefined;
  judged: TlsSession | undefined;
  failed: TransportError | undefined;
  sessions: Buffer[] = [];

  constructor(side: 'client' | 'server', context = side === 'server' ? serverContext : clientContext) {
    this.side = side;
    this.context = context;
  }

  judge(session: TlsSession): TransportError | undefined {
    this.judged = session;
    return this.verdict;
  }

  onFailed(error: TransportError): TransportError {
    this.failed = error;
    return error;
  }

  onSession(session: Buffer): void {
    this.sessions.push(session);
  }
}

/** A transport whose every connection speaks TLS. */
export class TlsTransport implements Transport {
  readonly name: Transport['name'];
  server = new Handshake('server');
  client = new Handshake('client');
  readonly #lower: Transport;

  constructor(lower: Transport) {
    this.#lower = lower;
    this.name = lower.name;
  }

  listen(address: Address, options: ListenOptions, accept: (connection: Connection) => ConnectionOwner): Promise<ListenerSocket> {
    return this.#lower.listen(address, options, (connection) => {
      const starter = new Starter(this.server);
      starter.upgrade = connection.upgrade(starter as unknown as ConnectingOwner);
      starter.upgrade.connection.owner = accept(starter.upgrade.connection);
      return starter;
    });
  }

  connect(address: Address, options: ConnectOptions, owner: ConnectingOwner): Connection {
    return this.#lower.connect(address, { ...options, tls: this.client }, owner);
  }
}

/** Begins the handshake with the first bytes. */
class Starter implements ConnectionOwner {
  upgrade!: TlsUpgrade;
  readonly #handshake: TlsHandshake;

  constructor(handshake: TlsHandshake) {
    this.#handshake = handshake;
  }

  onBytes(bytes: Buffer, length: number): void {
    this.upgrade.start(this.#handshake, Buffer.from(bytes.subarray(0, length)));
  }
  onEnd(): void {
    this.upgrade.connection.destroy();
  }
  onDrained(): void {}
  onClosed(error: TransportError | undefined): void {
    this.upgrade.abort(error);
  }
}
