import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import tls, { type SecureContext, type SecureVersion, TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { TicketKeys } from '../../src/tls/ticket-keys.ts';

const file = (name: string): Buffer => readFileSync(new URL(`../support/certificates/${name}`, import.meta.url));
const IDENTITY = { cert: file('server.pem'), key: file('server.key') };

const key = (fill: number) => ({ name: Buffer.alloc(16, fill), authenticity: Buffer.alloc(16, fill + 1), secrecy: Buffer.alloc(16, fill + 2) });
const contextOf = (...fills: number[]): SecureContext => new TicketKeys(fills.map(key)).createContext({ ...IDENTITY, sessionIdContext: 'test' }, false);
const renewingContextOf = (...fills: number[]): SecureContext => new TicketKeys(fills.map(key)).createContext({ ...IDENTITY, sessionIdContext: 'test' }, true);

/** Whether a session was resumed, and the last one that the server gave. */
async function connect(context: SecureContext, version: SecureVersion, session?: Buffer): Promise<{ resumed: boolean; session: Buffer }> {
  const server = createServer((raw) => {
    const socket = new TLSSocket(raw, { isServer: true, secureContext: context });
    socket.on('secure', () => socket.end('x'));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = tls.connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, rejectUnauthorized: false, minVersion: version, maxVersion: version, ...(session && { session }) });
  let resumed = false;
  let given: Buffer | undefined;
  client.once('secureConnect', () => {
    resumed = client.isSessionReused();
    given ??= client.getSession();
  });
  client.on('session', (each: Buffer) => (given = each)).resume();
  await once(client, 'close');
  await once(server.close(), 'close');
  return { resumed, session: given! };
}

test.each<SecureVersion>(['TLSv1.2', 'TLSv1.3'])('all ticket keys decrypt and the first encrypts (%s)', async (version) => {
  const { session } = await connect(contextOf(1), version);
  const rotated = await connect(contextOf(9, 5, 1), version, session);
  expect(rotated.resumed).toBe(true);
  expect((await connect(contextOf(9), version, session)).resumed).toBe(false);
  const fresh = await connect(contextOf(9, 1), version);
  expect((await connect(contextOf(9), version, fresh.session)).resumed).toBe(true);
  expect((await connect(contextOf(1), version, fresh.session)).resumed).toBe(false);
});

test('a client that shows a ticket of an older key is given one of the first', async () => {
  const { session } = await connect(contextOf(1), 'TLSv1.3');
  const renewed = await connect(contextOf(9, 1), 'TLSv1.3', session);
  expect((await connect(contextOf(9), 'TLSv1.3', renewed.session)).resumed).toBe(true);
});

test.each<SecureVersion>(['TLSv1.2', 'TLSv1.3'])('who resumes is given a ticket for the next time where tickets are renewed (%s)', async (version) => {
  let { session } = await connect(renewingContextOf(1), version);
  for (let time = 0; time < 4; time++) {
    const before = session;
    const again = await connect(renewingContextOf(1), version, session);
    expect(again.resumed).toBe(true);
    expect(again.session.equals(before)).toBe(false);
    ({ session } = again);
  }
});
