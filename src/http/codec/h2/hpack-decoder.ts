import { latin1 } from '../../../core/latin1.ts';
import { internedHeaderNames } from '../../header-name.ts';
import { huffmanDecode } from './huffman.ts';
import { ENTRY_OVERHEAD, idOfName, kindOfName, STATIC_ENTRIES, staticTable, TableEntry } from './hpack-table.ts';
import { RepeatedLiterals } from './repeated-literals.ts';

/** Integers beyond this are refused: nothing that this side reads is longer. */
const MAX_INTEGER = 2 ** 28;
const NOT_AN_INTEGER = -1;
const BROKEN = -1;

/** The size of a table that no SETTINGS have changed yet. */
export const DEFAULT_TABLE_BYTES = 4096;

/** What a name or a value may have when nothing is configured. */
export const DEFAULT_MAX_FIELD_BYTES = 65_536;

/** Takes the fields of one block. */
export interface FieldSink {
  /** `isKnown`: the same object stands for the same bytes when they come again. */
  add(entry: TableEntry, isKnown: boolean): void;
  /** The block is over. */
  complete(): void;
}

/** Reads header blocks of one connection (RFC 7541). */
export class HpackDecoder {
  /** The peer may choose less. */
  #limitBytes: number;
  #maxBytes: number;
  readonly #maxFieldBytes: number;
  /** The limit has been lowered: the next block begins with the peer's answer to that (§4.2). */
  #mustResize = false;
  #bytes = 0;
  /** Ring: the newest entry is at `#newest`; its capacity is a power of two. */
  #ring: (TableEntry | undefined)[] = [];
  #newest = 0;
  #count = 0;
  /** Where the last integer or string ended. */
  #at = 0;
  #literals: RepeatedLiterals | undefined;
  /** Names that were interned when the entries learned their ids. */
  #names = internedHeaderNames();

  constructor(limitBytes: number, maxFieldBytes = DEFAULT_MAX_FIELD_BYTES) {
    this.#limitBytes = limitBytes;
    this.#maxBytes = limitBytes;
    this.#maxFieldBytes = maxFieldBytes;
  }

  get tableBytes(): number {
    return this.#bytes;
  }

  /** The peer has agreed to the limit that this side announced. */
  lower(limitBytes: number): void {
    if (limitBytes >= this.#limitBytes) return;
    this.#limitBytes = limitBytes;
    this.#mustResize = this.#maxBytes > limitBytes;
  }

  /** False when the block is broken: no later block of the connection can be read. */
  decode(bytes: Uint8Array, start: number, end: number, head: FieldSink): boolean {
    if (this.#mustResize && (start === end || (bytes[start]! & 0xe0) !== 0x20)) return false;
    if (this.#names !== internedHeaderNames()) this.#learnNames();
    let at = start;
    let mayResize = true;
    while (at < end) {
      const first = bytes[at]!;
      if (first >= 0x80) {
        const entry = this.#entry(this.#integer(bytes, at, end, 7));
        if (entry === undefined) return false;
        head.add(entry, true);
      } else if (first >= 0x20 && first < 0x40) {
        if (!mayResize || !this.#resize(this.#integer(bytes, at, end, 5))) return false;
        at = this.#at;
        continue;
      } else if (!this.#literal(bytes, at, end, head)) {
        return false;
      }
      mayResize = false;
      at = this.#at;
    }
    head.complete();
    return true;
  }

  #literal(bytes: Uint8Array, at: number, end: number, head: FieldSink): boolean {
    const entersTable = bytes[at]! >= 0x40;
    const index = this.#integer(bytes, at, end, entersTable ? 6 : 4);
    if (index === NOT_AN_INTEGER) return false;
    const textAt = this.#at;
    const stop = this.#stringEnd(bytes, index === 0 ? this.#stringEnd(bytes, textAt, end) : textAt, end);
    if (stop === BROKEN) return false;
    const isSelfContained = index <= STATIC_ENTRIES;
    let entry = isSelfContained ? this.#literals?.find(bytes, at, stop) : undefined;
    const isKnown = entry !== undefined;
    if (entry === undefined) {
      entry = this.#readLiteral(bytes, index, textAt, end);
      if (entry === undefined) return false;
      if (isSelfContained) (this.#literals ??= new RepeatedLiterals()).add(bytes, at, stop, entry);
    }
    this.#at = stop;
    if (entersTable) this.#insert(entry);
    head.add(entry, isKnown);
    return true;
  }

  /** `index` of the name; 0: it stands in front of the value. */
  #readLiteral(bytes: Uint8Array, index: number, textAt: number, end: number): TableEntry | undefined {
    let at = textAt;
    let name: string;
    let nameKind: number;
    let id: number;
    if (index === 0) {
      const text = this.#string(bytes, at, end);
      if (text === undefined) return undefined;
      at = this.#at;
      name = text;
      nameKind = kindOfName(name);
      id = idOfName(name);
    } else {
      const entry = this.#entry(index);
      if (entry === undefined) return undefined;
      ({ name, nameKind, id } = entry);
    }
    const value = this.#string(bytes, at, end);
    return value === undefined ? undefined : new TableEntry(name, value, nameKind, id);
  }

  /** Configuration has come that asks for further names. */
  #learnNames(): void {
    this.#names = internedHeaderNames();
    this.#literals?.forget();
    for (const entry of this.#ring) if (entry !== undefined) entry.id = idOfName(entry.name);
  }

  #entry(index: number): TableEntry | undefined {
    if (index <= STATIC_ENTRIES) return index <= 0 ? undefined : staticTable[index];
    const age = index - STATIC_ENTRIES - 1;
    return age < this.#count ? this.#ring[(this.#newest - age) & (this.#ring.length - 1)] : undefined;
  }

  #insert(entry: TableEntry): void {
    const size = entry.bytes + ENTRY_OVERHEAD;
    this.#evictTo(this.#maxBytes - size);
    if (size > this.#maxBytes) return;
    if (this.#count === this.#ring.length) this.#grow();
    this.#newest = (this.#newest + 1) & (this.#ring.length - 1);
    this.#ring[this.#newest] = entry;
    this.#count++;
    this.#bytes += size;
  }

  #grow(): void {
    const grown: (TableEntry | undefined)[] = new Array(Math.max(8, this.#ring.length * 2)).fill(undefined);
    for (let age = 0; age < this.#count; age++) grown[this.#count - 1 - age] = this.#ring[(this.#newest - age) & (this.#ring.length - 1)];
    this.#ring = grown;
    this.#newest = this.#count === 0 ? grown.length - 1 : this.#count - 1;
  }

  #evictTo(bytes: number): void {
    while (this.#count > 0 && this.#bytes > bytes) {
      const slot = (this.#newest - this.#count + 1) & (this.#ring.length - 1);
      this.#bytes -= this.#ring[slot]!.bytes + ENTRY_OVERHEAD;
      this.#ring[slot] = undefined;
      this.#count--;
    }
  }

  #resize(bytes: number): boolean {
    if (bytes === NOT_AN_INTEGER || bytes > this.#limitBytes) return false;
    this.#maxBytes = bytes;
    this.#mustResize = false;
    this.#evictTo(bytes);
    return true;
  }

  #integer(bytes: Uint8Array, start: number, end: number, bits: number): number {
    const mask = (1 << bits) - 1;
    let value = bytes[start]! & mask;
    let at = start + 1;
    if (value === mask) {
      let factor = 1;
      for (;;) {
        if (at >= end || value > MAX_INTEGER || factor > MAX_INTEGER) return NOT_AN_INTEGER;
        const byte = bytes[at++]!;
        value += (byte & 0x7f) * factor;
        factor *= 128;
        if (byte < 0x80) break;
      }
      if (value > MAX_INTEGER) return NOT_AN_INTEGER;
    }
    this.#at = at;
    return value;
  }

  /** Where the string ends that begins at `start`; BROKEN when there is none. */
  #stringEnd(bytes: Uint8Array, start: number, end: number): number {
    if (start === BROKEN || start >= end) return BROKEN;
    const length = this.#integer(bytes, start, end, 7);
    return length === NOT_AN_INTEGER || this.#at + length > end ? BROKEN : this.#at + length;
  }

  /** One that has an end; undefined when it is too long or not of the code. */
  #string(bytes: Uint8Array, start: number, end: number): string | undefined {
    const coded = bytes[start]! >= 0x80;
    const length = this.#integer(bytes, start, end, 7);
    const at = this.#at;
    this.#at = at + length;
    if (length === 0) return '';
    if (length > this.#maxFieldBytes) return undefined;
    if (!coded) return latin1(bytes as Buffer, at, at + length);
    const text = huffmanDecode(bytes, at, at + length);
    return text === undefined || text.length > this.#maxFieldBytes ? undefined : text;
  }
}
