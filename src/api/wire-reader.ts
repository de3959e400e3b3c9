/**
 * Reads protobuf's wire format from one buffer. The generated decoders call it; nothing else should.
 *
 * Scalars are read without a check each: a read past the end gives zeros, and `leave`, which every message calls at its end, finds
 * that the position does not stand where the message ends. What cuts bytes out (`string`, `bytes`, `enter`, fixed widths) checks first.
 */
import { isUtf8 } from 'node:buffer';

/** Leaves only this room's decoders; `decodeMessage` turns it into a value. */
export class MalformedMessage extends Error {}

/** Messages inside messages, counting map entries: the limit of Envoy's protobuf library. */
export const MAX_DEPTH = 100;

/** Text up to this length is put together faster here than by a call into the runtime. */
const SHORT_TEXT = 24;

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const GROUP = 3;
const GROUP_END = 4;
const FIXED32 = 5;

export interface UnknownField {
  readonly no: number;
  readonly wireType: number;
  readonly data: Uint8Array;
}

/** An unknown field with no message to keep it: in a wrapper that became a number, a Struct that became JSON, or a map entry. */
export interface DroppedField {
  readonly typeName: string;
  readonly number: number;
}

interface Utf8Buffer {
  utf8Slice(start: number, end: number): string;
}

export class WireReader {
  pos = 0;
  /** Levels left. */
  depth = MAX_DEPTH;
  /** Some message has a `$unknown`. */
  hasUnknown = false;
  readonly dropped: DroppedField[] = [];
  readonly length: number;
  /** The same bytes three times, each for what it reads fastest. Plain fields, as they are read for every value. */
  readonly source: Uint8Array;
  readonly buffer: Buffer;
  readonly view: DataView;

  /** Fields of type bytes will be views of `bytes`, which therefore must not change any more. */
  constructor(bytes: Uint8Array) {
    // A Buffer's subarray would make the fields Buffers.
    this.source = bytes instanceof Buffer ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : bytes;
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.length = bytes.byteLength;
  }

  fail(reason: string): never {
    throw new MalformedMessage(`${reason} at byte ${this.pos}`);
  }

  /** Reads the length of a message inside one that ends at `limit`; returns its end. */
  enter(limit: number): number {
    const end = this.uint32() + this.pos;
    if (end > limit) this.fail('a message is longer than what holds it');
    if (--this.depth < 0) this.fail(`more than ${MAX_DEPTH} messages in one another`);
    return end;
  }

  leave(end: number): void {
    if (this.pos !== end) this.fail('a field is longer than its message');
    this.depth++;
  }

  /** As `enter`, for packed numbers. */
  run(limit: number): number {
    const end = this.uint32() + this.pos;
    if (end > limit) this.fail('a list is longer than its message');
    return end;
  }

  checkRun(end: number): void {
    if (this.pos !== end) this.fail('an element is longer than its list');
  }

  tag(): number {
    const bytes = this.source;
    const first = bytes[this.pos];
    if (first < 0x80) {
      this.pos++;
      return first;
    }
    const second = bytes[this.pos + 1];
    if (second < 0x80) {
      this.pos += 2;
      return (first & 0x7f) | (second << 7);
    }
    const start = this.pos;
    const tag = this.uint32();
    if (this.pos - start > 5) this.fail('an illegal tag');
    return tag;
  }

  uint32(): number {
    const bytes = this.source;
    let byte = bytes[this.pos++];
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      byte = bytes[this.pos++];
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    byte = bytes[this.pos++];
    value |= (byte & 0x0f) << 28;
    // A negative int32 takes ten bytes; the upper five say nothing more.
    for (let more = 5; byte >= 0x80; more--) {
      if (more === 0) this.fail('a number is longer than ten bytes');
      byte = bytes[this.pos++];
    }
    return value >>> 0;
  }

  int32(): number {
    return this.uint32() | 0;
  }

  sint32(): number {
    const value = this.uint32();
    return (value >>> 1) ^ -(value & 1);
  }

  bool(): boolean {
    const byte = this.source[this.pos];
    if (byte < 0x80) {
      this.pos++;
      return byte !== 0;
    }
    return this.uint64() !== 0n;
  }

  uint64(): bigint {
    const bytes = this.source;
    let low = 0;
    let high = 0;
    for (let i = 0; i < 10; i++) {
      const byte = bytes[this.pos++];
      const bits = byte & 0x7f;
      if (i < 4) low |= bits << (7 * i);
      else if (i === 4) {
        low |= bits << 28;
        high = bits >> 4;
      } else high |= bits << (7 * i - 32);
      if (!(byte >= 0x80)) return high === 0 ? BigInt(low >>> 0) : (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
    }
    return this.fail('a number is longer than ten bytes');
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  sint64(): bigint {
    const value = this.uint64();
    return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
  }

  double(): number {
    return this.view.getFloat64(this.#take(8), true);
  }

  float(): number {
    return this.view.getFloat32(this.#take(4), true);
  }

  fixed32(): number {
    return this.view.getUint32(this.#take(4), true);
  }

  sfixed32(): number {
    return this.view.getInt32(this.#take(4), true);
  }

  fixed64(): bigint {
    return this.view.getBigUint64(this.#take(8), true);
  }

  sfixed64(): bigint {
    return this.view.getBigInt64(this.#take(8), true);
  }

  string(): string {
    const size = this.uint32();
    const start = this.#take(size);
    const end = this.pos;
    if (size <= SHORT_TEXT) {
      const bytes = this.source;
      // oxlint-disable-next-line unicorn/no-new-array -- a list of that length at once, which `apply` takes as it is
      const codes = new Array<number>(size);
      let i = 0;
      for (; i < size; i++) {
        const byte = bytes[start + i];
        if (byte >= 0x80) break;
        codes[i] = byte;
      }
      if (i === size) return String.fromCharCode.apply(String, codes);
    }
    if (!isUtf8(this.source.subarray(start, end))) this.fail('a string is not UTF-8');
    return (this.buffer as unknown as Utf8Buffer).utf8Slice(start, end);
  }

  bytes(): Uint8Array {
    const start = this.#take(this.uint32());
    return this.source.subarray(start, this.pos);
  }

  /** The rest of a message, for a reader of another kind. */
  rest(end: number): Uint8Array {
    const start = this.pos;
    this.pos = end;
    return this.source.subarray(start, end);
  }

  /** Keeps a field that the message's type does not have, or has with another wire type. */
  unknown(message: { $unknown?: UnknownField[] | undefined }, tag: number): void {
    const start = this.pos;
    this.#skip(tag, this.depth);
    const field = { no: tag >>> 3, wireType: tag & 7, data: this.source.subarray(start, this.pos) };
    if (message.$unknown === undefined) message.$unknown = [field];
    else message.$unknown.push(field);
    this.hasUnknown = true;
  }

  drop(tag: number, typeName: string): void {
    this.#skip(tag, this.depth);
    this.dropped.push({ typeName, number: tag >>> 3 });
  }

  #take(size: number): number {
    const start = this.pos;
    if (start + size > this.length) this.fail('the bytes end early');
    this.pos = start + size;
    return start;
  }

  #skip(tag: number, depth: number): void {
    if (tag >>> 3 === 0) this.fail('a field has the number 0');
    switch (tag & 7) {
      case VARINT:
        this.uint64();
        break;
      case FIXED64:
        this.#take(8);
        break;
      case BYTES:
        this.#take(this.uint32());
        break;
      case GROUP:
        this.#skipGroup(tag, depth - 1);
        break;
      case FIXED32:
        this.#take(4);
        break;
      default:
        this.fail('an illegal tag');
    }
  }

  #skipGroup(tag: number, depth: number): void {
    if (depth < 0) this.fail(`more than ${MAX_DEPTH} messages in one another`);
    const endTag = tag - GROUP + GROUP_END;
    while (this.pos < this.length) {
      const inner = this.tag();
      if (inner === endTag) return;
      this.#skip(inner, depth);
    }
    this.fail('a group does not end');
  }
}
