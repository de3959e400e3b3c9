import { connect, type ConnectionOptions } from 'node:tls';
import { requestBytes } from '../request.ts';

/** resumed-sessions.ts JSON: one connection after the other on each of some lanes, all but the first with a resumed session and one request. */
export interface ResumedOptions {
  readonly port: number;
  readonly host: string;
  readonly path: string;
  readonly lanes: number;
  readonly seconds: number;
}

export interface ResumedResult {
  readonly answered: number;
  /** No 200, or a handshake that was not a resumption. */
  readonly failed: number;
}

interface Exchange {
  readonly good: boolean;
  readonly session: Buffer | undefined;
}

function exchange({ port, host, path }: ResumedOptions, resumed: Buffer | undefined): Promise<Exchange> {
  return new Promise((resolve) => {
    const options: ConnectionOptions = { port, host: '127.0.0.1', servername: host, rejectUnauthorized: false, minVersion: 'TLSv1.3' };
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
    socket.on('close', () => resolve({ good: status === '200' && (resumed === undefined || reused), session }));
  });
}

async function run(options: ResumedOptions): Promise<ResumedResult> {
  const { session } = await exchange(options, undefined);
  if (session === undefined) return { answered: 1, failed: 1 };
  const deadlineMs = performance.now() + options.seconds * 1000;
  let answered = 0;
  let failed = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < deadlineMs) {
      const { good } = await exchange(options, session);
      answered++;
      if (!good) failed++;
    }
  };
  await Promise.all(Array.from({ length: options.lanes }, lane));
  return { answered, failed };
}

process.stdout.write(`${JSON.stringify(await run(JSON.parse(process.argv[2]!) as ResumedOptions))}\n`);
