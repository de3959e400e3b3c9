import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { setTimeout as delay } from 'node:timers/promises';
import { frame, uint32 } from '../../test/support/http2-frames.ts';
import { type BadPeerPorts, originBytes, type Origins, pouredBytes, written } from './bad-peers-bootstrap.ts';
import { OPENING } from './http2-attacks.ts';

/** A peer that takes nothing, or opens no window, while the other side gives what it can. */
export interface Stall {
  readonly name: string;
  readonly port: keyof BadPeerPorts;
  readonly secure?: boolean;
  readonly start: string;
  /** The client reads what comes. */
  readonly reads?: boolean;
  /** The client pours this as long as it is taken; else the origin pours. */
  readonly pours?: string;
}

const WIDE = frame(4, 0, 0, `\0\x04${uint32(2 ** 31 - 1)}`) + frame(8, 0, 0, uint32(2 ** 31 - 1 - 65_535));
const SHUT = frame(4, 0, 0, `\0\x04${uint32(0)}`);
const BIG = '\x82\x86\x01\x01a\0\x05:path\x04/big';
const UPLOAD = '\x83\x86\x01\x01a\0\x05:path\x05/deaf';
const STREAMS = 10;
const ids = Array.from({ length: STREAMS }, (_, index) => index * 2 + 1);
const get = (count: number): string => ids.slice(0, count).map((id) => frame(1, 5, id, BIG)).join('');
const post = (count: number): string => ids.slice(0, count).map((id) => frame(1, 4, id, UPLOAD)).join('');
const data = (count: number): string => ids.slice(0, count).map((id) => frame(0, 0, id, 'a'.repeat(16_384))).join('');
const request = (path: string, fields = ''): string => `GET ${path} HTTP/1.1\r\nhost: a\r\n${fields}\r\n`;
const upload = (path: string): string => `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999\r\n\r\n`;
const BLOCK = 'a'.repeat(65_536);

export const STALLS: readonly Stall[] = [
  { name: 'download, HTTP/1', port: 'http', start: request('/big') },
  { name: 'download, HTTP/1 over TLS', port: 'tls', secure: true, start: request('/big') },
  { name: 'download, one HTTP/2 stream, connection not read', port: 'http', start: OPENING + WIDE + get(1) },
  { name: `download, ${STREAMS} HTTP/2 streams, connection not read`, port: 'http', start: OPENING + WIDE + get(STREAMS) },
  { name: 'download, one HTTP/2 stream, window shut', port: 'http', reads: true, start: OPENING + SHUT + get(1) },
  { name: `download, ${STREAMS} HTTP/2 streams, windows shut`, port: 'http', reads: true, start: OPENING + SHUT + get(STREAMS) },
  { name: 'download through gzip', port: 'compressed', start: request('/big', 'accept-encoding: gzip\r\n') },
  { name: 'download through gunzip', port: 'compressed', start: request('/zipped') },
  { name: 'WebSocket, origin to client', port: 'http', start: request('/socket', 'connection: upgrade\r\nupgrade: websocket\r\n') },
  { name: 'TCP, origin to client', port: 'tcp', start: 'pour' },
  { name: 'TCP, client to origin', port: 'tcp', start: '-', pours: BLOCK },
  { name: 'upload, HTTP/1', port: 'http', start: upload('/deaf'), pours: BLOCK },
  { name: 'upload, HTTP/1 to an HTTP/2 stream, window shut', port: 'http', start: upload('/http2'), pours: BLOCK },
  { name: 'upload, one HTTP/2 stream', port: 'http', reads: true, start: OPENING + post(1), pours: data(1) },
  { name: `upload, ${STREAMS} HTTP/2 streams`, port: 'http', reads: true, start: OPENING + post(STREAMS), pours: data(STREAMS) },
];

const LOOK_EVERY_MS = 50;
/** So long nothing moves any more. */
const STILL_LOOKS = 6;
const MAX_LOOKS = 60;
/** What the end of a frame may lack. */
const NOTHING_MOVES_BYTES = 1024;

/** What the proxy holds when nothing moves: what it was given, less what it has given on and what lies in the system's buffers. */
export async function playStall(stall: Stall, ports: BadPeerPorts, origins: Origins): Promise<number> {
  const readBefore = originBytes.read;
  const socket = await open(stall, ports[stall.port]);
  const sent = written(socket);
  socket.write(stall.start, 'latin1');
  if (stall.pours !== undefined) pourFrom(socket, Buffer.from(stall.pours, 'latin1'), stall);
  const listeners = [ports.http, ports.tcp, ports.tls, ports.compressed, ports.origin, ports.http2Origin];
  let held = 0;
  for (let looks = 0, still = 0; still < STILL_LOOKS && looks < MAX_LOOKS; looks++) {
    await delay(LOOK_EVERY_MS);
    const given = stall.pours === undefined ? pouredBytes() : sent();
    const taken = stall.pours === undefined ? socket.bytesRead : originBytes.read - readBefore;
    const now = given - taken - queuedBytes(listeners);
    still = Math.abs(now - held) <= NOTHING_MOVES_BYTES ? still + 1 : 0;
    held = now;
  }
  socket.destroy();
  origins.hangUp();
  await delay(LOOK_EVERY_MS * 4);
  return held;
}

function open({ secure = false, reads = false }: Stall, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = secure ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }) : connect({ port, host: '127.0.0.1', noDelay: true });
    socket.on('error', reject);
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      if (reads) socket.resume();
      else socket.pause();
      resolve(socket);
    });
  });
}

/** HTTP/2 data is flow-controlled by what the proxy announces: a window of 16 MiB for each stream, 24 MiB for all. */
const WINDOW_BYTES = 16 * 2 ** 20;

function pourFrom(socket: Socket, block: Buffer, { start }: Stall): void {
  let left = start.startsWith('PRI') ? WINDOW_BYTES : Infinity;
  const more = (): void => {
    while (socket.writable && left >= block.length) {
      left -= block.length;
      if (!socket.write(block)) return;
    }
  };
  socket.on('drain', more);
  more();
}

/** What lies in the system's buffers of connections to these ports, in both directions. */
function queuedBytes(ports: readonly number[]): number {
  let bytes = 0;
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)) {
    const [, local, remote, state, queues] = line.trim().split(/\s+/);
    if (queues === undefined || state !== '01') continue;
    if (![local!, remote!].some((address) => ports.includes(Number.parseInt(address.split(':')[1]!, 16)))) continue;
    for (const queue of queues.split(':')) bytes += Number.parseInt(queue, 16);
  }
  return bytes;
}
