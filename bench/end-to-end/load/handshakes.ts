import { connect, type ConnectionOptions } from 'node:tls';
import { requestBytes } from '../request.ts';

/** handshakes.ts JSON: one connection after the other on each of some lanes, with one request each. */
export interface HandshakeOptions {
  readonly port: number;
  readonly host: string;
  readonly path: string;
  readonly lanes: number;
  readonly seconds: number;
  /** All but the first connection resume its session; else all shake hands in full. */
  readonly resumes: boolean;
}

export interface HandshakeResult {
  readonly answered: number;
  /** No 200, or a handshake of the other kind. */
  readonly failed: number;
}

interface Exchange {
  readonly good: boolean;
  readonly session: Buffer | undefined;
}

function exchange({ port, host, path }: HandshakeOptions, resumed: Buffer | undefined): Promise<Exchange> {
  return new Promise((resolve) => {
    // Not every peer knows the groups of today: all do the same work.
    const options: ConnectionOptions = { port, host: '127.0.0.1', servername: host, rejectUnauthorized: false, minVersion: 'TLSv1.3', ecdhCurve: 'X25519' };
    let reused = false;
    const socket = connect({ ...options, ...(resumed && { session: resumed }) }, () => {
      reused = socket.isSessionReused();
      socket.write(requestBytes({ host, path, close: true }));
    });
    let session: Buffer | undefined;
    let status = '';
    socket.on('session', (offered: Buffer) => (session = offered));
    socket.on('data', (bytes: Buffer) => {
      if (status === '') status = bytes.toString('latin1', 9, 12);
    });
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve({ good: status === '200' && reused === (resumed !== undefined), session }));
  });
}

async function run(options: HandshakeOptions): Promise<HandshakeResult> {
  const { session } = await exchange(options, undefined);
  if (session === undefined) return { answered: 1, failed: 1 };
  const deadlineMs = performance.now() + options.seconds * 1000;
  let answered = 0;
  let failed = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < deadlineMs) {
      const { good } = await exchange(options, options.resumes ? session : undefined);
      answered++;
      if (!good) failed++;
    }
  };
  await Promise.all(Array.from({ length: options.lanes }, lane));
  return { answered, failed };
}

process.stdout.write(`${JSON.stringify(await run(JSON.parse(process.argv[2]!) as HandshakeOptions))}\n`);
