/** HTTP/2 for cases: frames of a case file as bytes, and bytes of a proxy as lines. */

import { type FieldSink, HpackDecoder } from '../../../src/http/codec/h2/hpack-decoder.ts';
import type { TableEntry } from '../../../src/http/codec/h2/hpack-table.ts';
import { ConformanceError } from './case.ts';
import { fillText } from './placeholders.ts';

type Tree = Record<string, unknown>;

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const TYPES = ['DATA', 'HEADERS', 'PRIORITY', 'RST_STREAM', 'SETTINGS', 'PUSH_PROMISE', 'PING', 'GOAWAY', 'WINDOW_UPDATE', 'CONTINUATION'];
const HEAD_BYTES = 9;
const FRAME_LIMIT = 16_384;
const END_STREAM = 1;
const END_HEADERS = 4;
const NO_VALUES: ReadonlyMap<string, string> = new Map();

const uint = (value: number, bytes: number): string =>
  Array.from({ length: bytes }, (_, index) => String.fromCharCode(Math.floor(value / 256 ** (bytes - 1 - index)) % 256)).join('');

const frame = (type: number, flags: number, id: number, payload: string): string =>
  uint(payload.length, 3) + String.fromCharCode(type, flags) + uint(id, 4) + payload;

const integer = (value: number, bits: number): string => {
  const limit = 2 ** bits - 1;
  if (value < limit) return String.fromCharCode(value);
  let text = String.fromCharCode(limit);
  let rest = value - limit;
  for (; rest >= 128; rest = Math.floor(rest / 128)) text += String.fromCharCode((rest % 128) + 128);
  return text + String.fromCharCode(rest);
};

/** A literal without indexing, not Huffman coded: the same bytes in every place. */
const field = (name: string, value: string): string => `\0${integer(name.length, 7)}${name}${integer(value.length, 7)}${value}`;

const block = (fields: readonly (readonly [string, string])[]): string => fields.map(([name, value]) => field(name, value)).join('');

const fieldsOf = (fields: unknown): [string, string][] => {
  const pairs = Array.isArray(fields) ? fields : Object.entries((fields ?? {}) as Tree);
  return pairs.map(([name, value]) => [String(name), fillText(String(value), NO_VALUES)] as [string, string]);
};

const headFields = (step: Tree): [string, string][] => {
  if (step.status !== undefined) return [[':status', String(step.status)], ...fieldsOf(step.fields)];
  if (step.raw === true) return fieldsOf(step.fields);
  const pseudo: [string, string][] = [
    [':method', String(step.method ?? 'GET')],
    [':scheme', String(step.scheme ?? 'http')],
    [':path', String(step.path ?? '/')],
  ];
  if (step.authority !== null) pseudo.push([':authority', String(step.authority ?? 'example.com')]);
  return [...pseudo, ...fieldsOf(step.fields)];
};

/** HEADERS, and CONTINUATION where `pieces` or the length asks for it. */
const headFrames = (id: number, text: string, end: boolean, pieces: number): string => {
  const size = Math.min(FRAME_LIMIT, Math.max(1, Math.ceil(text.length / pieces)));
  let out = '';
  for (let at = 0; at === 0 || at < text.length; at += size) {
    const last = at + size >= text.length;
    const flags = (last ? END_HEADERS : 0) | (at === 0 && end ? END_STREAM : 0);
    out += frame(at === 0 ? 1 : 9, flags, id, text.slice(at, at + size));
  }
  return out;
};

const settingsFrame = (settings: Tree): string =>
  frame(4, 0, 0, Object.entries(settings).map(([name, value]) => uint(Number(name), 2) + uint(Number(value), 4)).join(''));

/** What a server says first. */
export const serverPreface = (settings: Readonly<Record<string, number>>): string => settingsFrame(settings) + frame(4, 1, 0, '');

export const pong = (opaque: string): string => frame(6, 1, 0, opaque);

const ENCODERS: Readonly<Record<string, (step: Tree, id: number) => string>> = {
  headers: (step, id) => headFrames(id, block(headFields(step)), step.end !== false, Number(step.pieces ?? 1)),
  trailers: (step, id) => headFrames(id, block(fieldsOf(step.fields)), step.end !== false, 1),
  data: (step, id) => frame(0, step.end === true ? END_STREAM : 0, id, fillText(String(step.text ?? ''), NO_VALUES)),
  rst: (step, id) => frame(3, 0, id, uint(Number(step.code ?? 8), 4)),
  priority: (step, id) => frame(2, 0, id, uint(Number(step.parent ?? 0), 4) + '\x0f'),
  window: (step, id) => frame(8, 0, id, uint(Number(step.by), 4)),
  settings: (step) => settingsFrame(step.settings as Tree),
  ping: (step) => frame(6, 0, 0, String(step.ping)),
  goaway: (step) => frame(7, 0, 0, uint(Number(step.goaway), 4) + uint(Number(step.code ?? 0), 4)),
};

const encodeOne = (raw: unknown, shift: number, where: string): string => {
  if (raw === 'preface') return PREFACE + frame(4, 0, 0, '') + frame(4, 1, 0, '');
  if (raw === 'bare-preface') return PREFACE;
  const step = raw as Tree;
  if (step.repeat !== undefined) {
    return Array.from({ length: Number(step.repeat) }, (_, index) => encode(step.frames, shift + index * 2, where)).join('');
  }
  if (step.frame !== undefined) {
    const [type, flags, id] = step.frame as number[];
    return frame(type!, flags!, id!, String(step.payload ?? ''));
  }
  const verb = Object.keys(step).find((key) => key in ENCODERS);
  if (verb === undefined) throw new ConformanceError(`${where}: a frame is one of ${Object.keys(ENCODERS).join(', ')}, frame, repeat or preface`);
  const id = Number(step[verb]);
  return ENCODERS[verb]!(step, Number.isNaN(id) || id === 0 ? 0 : id + shift);
};

/** What an `h2` step sends. */
export const encode = (frames: unknown, shift: number, where: string): string =>
  (Array.isArray(frames) ? frames : [frames]).map((one) => encodeOne(one, shift, where)).join('');

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

function* framesIn(received: string): Generator<Frame> {
  const bytes = Buffer.from(received, 'latin1');
  for (let at = received.startsWith(PREFACE) ? PREFACE.length : 0; at + HEAD_BYTES <= bytes.length; ) {
    const end = at + HEAD_BYTES + bytes.readUIntBE(at, 3);
    if (end > bytes.length) return;
    yield { type: bytes[at + 3]!, flags: bytes[at + 4]!, id: bytes.readUInt32BE(at + 5) % 2 ** 31, payload: bytes.subarray(at + HEAD_BYTES, end) };
    at = end;
  }
}

/** A client begins with the preface; the first frame of a server is SETTINGS on stream 0. */
export const isHttp2 = (received: string): boolean => received.startsWith(PREFACE) || /^\0[\s\S]{2}\x04\0\0\0\0\0/.test(received);

export const hasPreface = (received: string): boolean => received.startsWith(PREFACE);

export interface RequestStream {
  readonly id: number;
  readonly ended: boolean;
}

/** The streams that a client has opened, and what its pings carried. */
export const requestsIn = (received: string): { streams: RequestStream[]; pings: string[] } => {
  const ended = new Map<number, boolean>();
  const pings: string[] = [];
  for (const { type, flags, id, payload } of framesIn(received)) {
    if (type === 1 && !ended.has(id)) ended.set(id, false);
    if (type === 3 || (type <= 1 && (flags & END_STREAM) !== 0)) ended.set(id, true);
    if (type === 6 && (flags & 1) === 0) pings.push(payload.toString('latin1'));
  }
  return { streams: [...ended].map(([id, isEnded]) => ({ id, ended: isEnded })), pings };
};

/** The stream has ended, by END_STREAM or RST_STREAM. */
export const hasEnded = (received: string, id: number): boolean => {
  for (const one of framesIn(received)) {
    if (one.id === id && (one.type === 3 || (one.type <= 1 && (one.flags & END_STREAM) !== 0))) return true;
  }
  return false;
};

/** Wants each field read. */
class ListedFields implements FieldSink {
  readonly #fields: string[];

  constructor(fields: string[]) {
    this.#fields = fields;
  }

  add({ name, value }: TableEntry): void {
    this.#fields.push(`${name}: ${value}`);
  }

  complete(): void {}
}

const headText = (one: Frame, decoder: HpackDecoder): string => {
  const fields: string[] = [];
  const whole = decoder.decode(one.payload, 0, one.payload.length, new ListedFields(fields));
  // The order of pseudo-headers among themselves says nothing.
  const pseudo = fields.filter((text) => text.startsWith(':')).sort();
  const regular = fields.filter((text) => !text.startsWith(':'));
  return [`#${one.id} HEADERS`, ...pseudo, ...regular, ...(whole ? [] : ['(broken)']), ...((one.flags & END_STREAM) === 0 ? [] : [`#${one.id} END`])].join('\r\n');
};

const describe = (one: Frame, decoder: HpackDecoder): string => {
  const { type, flags, id, payload } = one;
  switch (type) {
    case 0:
      return `#${id} DATA ${payload.toString('latin1')}`;
    case 1:
      return headText(one, decoder);
    case 3:
      return `#${id} RST_STREAM ${payload.readUInt32BE(0)}`;
    case 6:
      return `PING${(flags & 1) === 0 ? '' : ' ack'} ${payload.toString('latin1')}`;
    case 7:
      return `GOAWAY last ${payload.readUInt32BE(0)} code ${payload.readUInt32BE(4)}`;
    default:
      return `${TYPES[type] ?? type} #${id} flags ${flags} ${payload.toString('hex')}`;
  }
};

/**
 * What a client received, by stream, then what concerns the connection. Body of a stream is joined, as where its frames end depends on
 * reads. What every connection begins with (SETTINGS, its acks, windows) is left out: whether a connection that is closed at once still
 * gets it depends on the moment; so does how many of a flood's answers it gets.
 */
export const frameLines = (received: string): string => {
  const decoder = new HpackDecoder(4096);
  const byStream = new Map<number, string[]>();
  for (const one of framesIn(received)) {
    if (one.type === 4 || (one.type === 8 && one.id === 0)) continue;
    const lines = byStream.get(one.id) ?? [];
    byStream.set(one.id, lines);
    const text = describe(one, decoder);
    const last = lines.at(-1);
    if (one.type === 0 && last?.startsWith(`#${one.id} DATA`) === true) lines[lines.length - 1] = last + one.payload.toString('latin1');
    else if (text !== last && !(one.type === 0 && one.payload.length === 0)) lines.push(text);
    if (one.type === 0 && (one.flags & END_STREAM) !== 0) lines.push(`#${one.id} END`);
  }
  const ids = [...byStream.keys()].sort((a, b) => (a === 0 ? 1 : b === 0 ? -1 : a - b));
  return ids.flatMap((id) => byStream.get(id)!).join('\r\n');
};
