import { writeLatin1 } from '../../../core/latin1.ts';
import type { HeaderMap } from '../../header-map.ts';
import { H, headerText } from '../../header-name.ts';
import { ENTRY_OVERHEAD, STATIC_ENTRIES, staticIndexOf, staticTable } from './hpack-table.ts';

/** Fields that no intermediary may put into a table (RFC 7541 §7.1.3). */
const SENSITIVE = [H.cookie, H.setCookie, H.grpcStatus, headerId('authorization'), headerId('proxy-authorization')];

function headerId(name: string): number {
  return staticTable[staticIndexOf.get(name)!]!.id;
}

/** Fields whose values seldom come again: to remember them is not worth it. */
const CHANGING = [H.contentLength, H.xRequestId, H.envoyUpstreamServiceTime];

/** Values longer than this never go into the table. */
const MAX_INDEXED_BYTES = 256;
/** Longer texts are not kept for what lies in them. */
const MAX_KEPT_TEXT = 4096;
/** Names are remembered by the low bits of their number. */
const SLOTS = 64;
/** The ring of entry sizes; more entries than that a table of this size cannot hold. */
const RING = 128;
const MAX_ENCODER_TABLE_BYTES = RING * ENTRY_OVERHEAD;

/** How a field is written, by interned number; names of higher numbers repeat. */
const Manner = { repeating: 0, changing: 1, sensitive: 2 } as const;
const KNOWN_NAMES = 1 + Math.max(...SENSITIVE, ...CHANGING, ...staticTable.map(({ id }) => id));
const manners = new Uint8Array(KNOWN_NAMES);
for (const id of CHANGING) manners[id] = Manner.changing;
for (const id of SENSITIVE) manners[id] = Manner.sensitive;
/** The static index of the name, 0 when there is none. */
const staticIndexes = new Uint8Array(KNOWN_NAMES);
for (let index = STATIC_ENTRIES; index > 0; index--) staticIndexes[staticTable[index]!.id] = index;
staticIndexes[0] = 0;
const STATUS_INDEX: ReadonlyMap<number, number> = new Map([[200, 8], [204, 9], [206, 10], [304, 11], [400, 12], [404, 13], [500, 14]]);

/** Longer blocks take several frames: they are written beside. */
const MAX_BLOCK_BYTES = 16_384;
/** Room for such a block; grows to the largest that was written. */
let scratch = Buffer.allocUnsafeSlow(65_536);

/**
 * Writes header blocks of one connection (RFC 7541). A value that a name had the last time too goes into the peer's table, so that it
 * costs a byte from then on; other values are sent as they are, without Huffman coding, which saves bytes and costs time.
 */
export class HpackEncoder {
  #maxBytes: number;
  #bytes = 0;
  /** What the peer must be told before the next block: the smallest size in between, and the size now. -1: nothing. */
  #lowestBytes = -1;
  #inserted = 0;
  #evicted = 0;
  #sizes: Uint16Array | undefined;
  /** By slot: the name seen last, its value, and the entry that holds both (-1: none). */
  readonly #names: number[] = [];
  readonly #values: string[] = [];
  readonly #entries: number[] = [];
  /** Where that value was read from: a text, and its place there (-1: from nowhere). Most heads bring the same text again. */
  readonly #texts: string[] = [];
  readonly #starts: number[] = [];
  /** Of the last head. */
  #headText = '';
  // The block under way
  #out: Buffer = scratch;
  #begin = 0;
  #at = 0;
  #limit = 0;

  constructor(tableBytes: number) {
    this.#maxBytes = Math.min(tableBytes, MAX_ENCODER_TABLE_BYTES);
    if (this.#maxBytes < 4096) this.#lowestBytes = this.#maxBytes;
  }

  /**
   * Where the last block is: in the buffer that was given, as far as it fits there and into one frame, else in one that is valid until the
   * next block. It begins at `begin` and ends at what the writing method has returned.
   */
  get buffer(): Buffer {
    return this.#out;
  }

  get begin(): number {
    return this.#begin;
  }

  /** SETTINGS_HEADER_TABLE_SIZE of the peer. */
  setTableSize(bytes: number): void {
    const next = Math.min(bytes, MAX_ENCODER_TABLE_BYTES);
    if (next === this.#maxBytes) return;
    this.#maxBytes = next;
    this.#lowestBytes = this.#lowestBytes === -1 ? next : Math.min(this.#lowestBytes, next);
    this.#evictTo(next);
  }

  /** Writes to `buffer` from `at` on. Returns where the block ends. */
  writeResponse(headers: HeaderMap, buffer: Buffer, at: number): number {
    this.#start(buffer, at);
    const { status } = headers;
    const index = STATUS_INDEX.get(status);
    if (index !== undefined) this.#out[this.#at++] = 0x80 | index;
    else this.#literal(8, '', String(status));
    return this.#lines(headers);
  }

  /** `protocol`: of an extended CONNECT; '' = none. */
  writeRequest(headers: HeaderMap, protocol: string, buffer: Buffer, at: number): number {
    this.#start(buffer, at);
    const { method, scheme, path } = headers;
    if (method === 'GET') this.#out[this.#at++] = 0x82;
    else if (method === 'POST') this.#out[this.#at++] = 0x83;
    else this.#literal(2, '', method);
    if (protocol !== '') this.#literal(0, ':protocol', protocol);
    if (path !== '') {
      if (scheme === 'https') this.#out[this.#at++] = 0x87;
      else if (scheme === 'http' || scheme === '') this.#out[this.#at++] = 0x86;
      else this.#literal(6, '', scheme);
      if (path === '/') this.#out[this.#at++] = 0x84;
      else this.#literal(4, '', path);
    }
    this.#field(AUTHORITY_ID, 1, ':authority', headers.authority);
    return this.#lines(headers);
  }

  writeTrailers(trailers: HeaderMap, buffer: Buffer, at: number): number {
    this.#start(buffer, at);
    return this.#lines(trailers);
  }

  #start(buffer: Buffer, at: number): void {
    this.#out = buffer;
    this.#begin = at;
    this.#at = at;
    this.#limit = Math.min(buffer.length, at + MAX_BLOCK_BYTES);
    if (at + LINE_BYTES > this.#limit) this.#makeRoom(LINE_BYTES);
    if (this.#lowestBytes === -1) return;
    if (this.#lowestBytes < this.#maxBytes) this.#integer(0x20, 5, this.#lowestBytes);
    this.#integer(0x20, 5, this.#maxBytes);
    this.#lowestBytes = -1;
  }

  #lines(headers: HeaderMap): number {
    const { linesEnd } = headers;
    const text = this.#textOf(headers);
    for (let at = 0; at < linesEnd; at++) {
      const id = headers.lineId(at);
      if (id === -1) continue;
      if (this.#at + LINE_BYTES > this.#limit) this.#makeRoom(LINE_BYTES);
      const start = headers.valueStart(at);
      const manner = id < KNOWN_NAMES ? manners[id]! : Manner.repeating;
      if (id === 0) {
        this.#literal(0, headers.lineName(at), headers.lineValue(at));
      } else if (manner !== Manner.repeating) {
        this.#integer(manner === Manner.sensitive ? 0x10 : 0, 4, staticIndexes[id]!);
        if (staticIndexes[id] === 0) this.#text(headerText(id as never));
        if (start === -1) this.#text(headers.lineValue(at));
        else this.#range(text, start, headers.valueEnd(at));
      } else {
        this.#repeating(headers, at, id, start, text);
      }
    }
    return this.#at;
  }

  /** Of equal texts the first one, so that they are compared once and not for each line. */
  #textOf({ text }: HeaderMap): string {
    if (text === this.#headText) return this.#headText;
    if (text.length <= MAX_KEPT_TEXT) this.#headText = text;
    return text;
  }

  #repeating(headers: HeaderMap, at: number, id: number, start: number, text: string): void {
    const slot = id & (SLOTS - 1);
    if (start !== -1 && this.#starts[slot] === start && this.#names[slot] === id && this.#texts[slot] === text) {
      const entry = this.#entries[slot]!;
      if (entry !== -1 && entry >= this.#evicted) {
        this.#integer(0x80, 7, STATIC_ENTRIES + this.#inserted - entry);
        return;
      }
    }
    this.#field(id, id < KNOWN_NAMES ? staticIndexes[id]! : 0, '', headers.lineValue(at));
    if (start === -1 || this.#names[slot] !== id || text.length > MAX_KEPT_TEXT) return;
    this.#texts[slot] = text;
    this.#starts[slot] = start;
  }

  #field(id: number, staticIndex: number, name: string, value: string): void {
    const slot = id & (SLOTS - 1);
    this.#starts[slot] = -1;
    if (value.length > MAX_INDEXED_BYTES) {
      this.#names[slot] = 0;
      this.#literal(staticIndex, name === '' ? headerText(id as never) : name, value);
      return;
    }
    if (this.#names[slot] !== id || this.#values[slot] !== value) {
      this.#names[slot] = id;
      this.#values[slot] = value;
      this.#entries[slot] = -1;
      this.#literal(staticIndex, name === '' ? headerText(id as never) : name, value);
      return;
    }
    const entry = this.#entries[slot]!;
    if (entry !== -1 && entry >= this.#evicted) this.#integer(0x80, 7, STATIC_ENTRIES + this.#inserted - entry);
    else this.#insert(slot, staticIndex, name === '' ? headerText(id as never) : name, value);
  }

  #insert(slot: number, staticIndex: number, name: string, value: string): void {
    const size = name.length + value.length + ENTRY_OVERHEAD;
    if (size > this.#maxBytes) {
      this.#literal(staticIndex, name, value);
      return;
    }
    this.#evictTo(this.#maxBytes - size);
    this.#sizes ??= new Uint16Array(RING);
    this.#sizes[this.#inserted & (RING - 1)] = size;
    this.#entries[slot] = this.#inserted++;
    this.#bytes += size;
    this.#string6(staticIndex, name, value);
  }

  #evictTo(bytes: number): void {
    while (this.#bytes > bytes) this.#bytes -= this.#sizes![this.#evicted++ & (RING - 1)]!;
  }

  #literal(staticIndex: number, name: string, value: string): void {
    this.#integer(0, 4, staticIndex);
    if (staticIndex === 0) this.#text(name);
    this.#text(value);
  }

  #string6(staticIndex: number, name: string, value: string): void {
    this.#integer(0x40, 6, staticIndex);
    if (staticIndex === 0) this.#text(name);
    this.#text(value);
  }

  #integer(pattern: number, bits: number, value: number): void {
    const mask = (1 << bits) - 1;
    if (value < mask) {
      this.#out[this.#at++] = pattern | value;
      return;
    }
    this.#out[this.#at++] = pattern | mask;
    let rest = value - mask;
    while (rest >= 128) {
      this.#out[this.#at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#out[this.#at++] = rest;
  }

  /** Goes on beside. */
  #makeRoom(bytes: number): void {
    const length = this.#at - this.#begin;
    const old = this.#out;
    if (old === scratch || length + bytes > scratch.length) scratch = Buffer.allocUnsafeSlow((length + bytes) * 2 + scratch.length);
    old.copy(scratch, 0, this.#begin, this.#at);
    this.#out = scratch;
    this.#begin = 0;
    this.#at = length;
    this.#limit = scratch.length;
  }

  #text(text: string): void {
    this.#range(text, 0, text.length);
  }

  #range(text: string, start: number, end: number): void {
    const length = end - start;
    if (this.#at + length + LINE_BYTES > this.#limit) this.#makeRoom(length + LINE_BYTES);
    this.#integer(0, 7, length);
    const out = this.#out;
    const at = this.#at;
    if (length > COPIED_BY_CALL) writeLatin1(out, text.substring(start, end), at);
    else for (let i = 0; i < length; i++) out[at + i] = text.charCodeAt(start + i);
    this.#at = at + length;
  }
}

/** Above the ids of names. */
const AUTHORITY_ID = 0xffff;
/** What a line takes beside its text: an index and two lengths. */
const LINE_BYTES = 24;
/** Longer text is cheaper to copy with a call into the runtime. */
const COPIED_BY_CALL = 40;
