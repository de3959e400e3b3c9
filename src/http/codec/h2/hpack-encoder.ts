import type { HeaderMap } from '../../header-map.ts';
import { STRIDE } from '../../header-map.ts';
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
/** Names are remembered by the low bits of their number. */
const SLOTS = 64;
/** The ring of entry sizes; more entries than that a table of this size cannot hold. */
const RING = 128;
export const MAX_ENCODER_TABLE_BYTES = RING * ENTRY_OVERHEAD;

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

/** Room for a block; grows to the largest that was written. */
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
  #at = 0;

  constructor(tableBytes: number) {
    this.#maxBytes = Math.min(tableBytes, MAX_ENCODER_TABLE_BYTES);
    if (this.#maxBytes < 4096) this.#lowestBytes = this.#maxBytes;
  }

  /** The buffer of the last block; `[offset, end)` counts, where `end` is what the writing method returned. Valid until the next one. */
  get buffer(): Buffer {
    return scratch;
  }

  /** SETTINGS_HEADER_TABLE_SIZE of the peer. */
  setTableSize(bytes: number): void {
    const next = Math.min(bytes, MAX_ENCODER_TABLE_BYTES);
    if (next === this.#maxBytes) return;
    this.#maxBytes = next;
    this.#lowestBytes = this.#lowestBytes === -1 ? next : Math.min(this.#lowestBytes, next);
    this.#evictTo(next);
  }

  /** Returns where the block ends; it begins at `offset`. */
  writeResponse(headers: HeaderMap, offset: number): number {
    this.#begin(offset);
    const { status } = headers;
    const index = STATUS_INDEX.get(status);
    if (index !== undefined) scratch[this.#at++] = 0x80 | index;
    else this.#literal(8, '', String(status));
    return this.#lines(headers);
  }

  /** `protocol`: of an extended CONNECT; '' = none. */
  writeRequest(headers: HeaderMap, protocol: string, offset: number): number {
    this.#begin(offset);
    const { method, scheme, path } = headers;
    if (method === 'GET') scratch[this.#at++] = 0x82;
    else if (method === 'POST') scratch[this.#at++] = 0x83;
    else this.#literal(2, '', method);
    if (protocol !== '') this.#literal(0, ':protocol', protocol);
    if (path !== '') {
      if (scheme === 'https') scratch[this.#at++] = 0x87;
      else if (scheme === 'http' || scheme === '') scratch[this.#at++] = 0x86;
      else this.#literal(6, '', scheme);
      if (path === '/') scratch[this.#at++] = 0x84;
      else this.#literal(4, '', path);
    }
    this.#field(AUTHORITY_ID, 1, ':authority', headers.authority);
    return this.#lines(headers);
  }

  writeTrailers(trailers: HeaderMap, offset: number): number {
    this.#begin(offset);
    return this.#lines(trailers);
  }

  #begin(offset: number): void {
    this.#at = offset;
    if (this.#lowestBytes === -1) return;
    if (this.#lowestBytes < this.#maxBytes) this.#integer(0x20, 5, this.#lowestBytes);
    this.#integer(0x20, 5, this.#maxBytes);
    this.#lowestBytes = -1;
  }

  #lines(headers: HeaderMap): number {
    const end = headers.linesEnd;
    for (let at = 0; at < end; at += STRIDE) {
      const id = headers.lineId(at);
      if (id === -1) continue;
      if (this.#at + LINE_BYTES > scratch.length) this.#makeRoom(LINE_BYTES);
      const value = headers.lineValue(at);
      if (id === 0) this.#literal(0, headers.lineName(at), value);
      else this.#field(id, id < KNOWN_NAMES ? staticIndexes[id]! : 0, '', value);
    }
    return this.#at;
  }

  #field(id: number, staticIndex: number, name: string, value: string): void {
    const manner = id < KNOWN_NAMES ? manners[id] : Manner.repeating;
    if (manner === Manner.sensitive) {
      this.#string4(0x10, staticIndex, name === '' ? headerText(id as never) : name, value);
      return;
    }
    if (manner === Manner.changing || value.length > MAX_INDEXED_BYTES) {
      this.#literal(staticIndex, name === '' ? headerText(id as never) : name, value);
      return;
    }
    const slot = id & (SLOTS - 1);
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
    this.#string4(0, staticIndex, name, value);
  }

  #string4(pattern: number, staticIndex: number, name: string, value: string): void {
    this.#integer(pattern, 4, staticIndex);
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
      scratch[this.#at++] = pattern | value;
      return;
    }
    scratch[this.#at++] = pattern | mask;
    let rest = value - mask;
    while (rest >= 128) {
      scratch[this.#at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    scratch[this.#at++] = rest;
  }

  #makeRoom(bytes: number): void {
    const grown = Buffer.allocUnsafeSlow((this.#at + bytes) * 2);
    scratch.copy(grown, 0, 0, this.#at);
    scratch = grown;
  }

  #text(text: string): void {
    const { length } = text;
    if (this.#at + length + LINE_BYTES > scratch.length) this.#makeRoom(length + LINE_BYTES);
    this.#integer(0, 7, length);
    if (length > COPIED_BY_CALL) {
      this.#at += (scratch as unknown as Latin1Writer).latin1Write(text, this.#at, length);
      return;
    }
    const at = this.#at;
    for (let i = 0; i < length; i++) scratch[at + i] = text.charCodeAt(i);
    this.#at = at + length;
  }
}

/** What `Buffer#write` ends in. */
interface Latin1Writer {
  latin1Write(text: string, offset: number, length: number): number;
}

/** Above the ids of names. */
const AUTHORITY_ID = 0xffff;
/** What a line takes beside its text: an index and two lengths. */
const LINE_BYTES = 24;
/** Longer text is cheaper to copy with a call into the runtime. */
const COPIED_BY_CALL = 40;
