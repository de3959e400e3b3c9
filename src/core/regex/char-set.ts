/** A set of latin1 characters (0 to 255). Immutable. */
export class CharSet {
  static readonly empty = new CharSet(new Uint32Array(8));
  static readonly any = CharSet.empty.negated();
  readonly #bits: Uint32Array;
  #ranges: (readonly [from: number, to: number])[] | undefined;

  private constructor(bits: Uint32Array) {
    this.#bits = bits;
  }

  static of(...codes: number[]): CharSet {
    const bits = new Uint32Array(8);
    for (const code of codes) bits[code >> 5] |= 1 << (code & 31);
    return new CharSet(bits);
  }

  /** The set of one character; the same object each time. */
  static only(code: number): CharSet {
    return (singles[code] ??= CharSet.of(code));
  }

  /** Both ends included. */
  static range(from: number, to: number): CharSet {
    const bits = new Uint32Array(8);
    for (let code = from; code <= to; code++) bits[code >> 5] |= 1 << (code & 31);
    return new CharSet(bits);
  }

  /** `a-z0-9_`: pairs around a hyphen are ranges. For tables in code. */
  static parse(text: string): CharSet {
    let set = CharSet.empty;
    for (let at = 0; at < text.length; at++) {
      const from = text.charCodeAt(at);
      const isRange = text[at + 1] === '-' && at + 2 < text.length;
      set = set.union(CharSet.range(from, isRange ? text.charCodeAt(at + 2) : from));
      if (isRange) at += 2;
    }
    return set;
  }

  has(code: number): boolean {
    return (this.#bits[code >> 5] & (1 << (code & 31))) !== 0;
  }

  union(other: CharSet): CharSet {
    return new CharSet(this.#bits.map((word, at) => word | other.#bits[at]));
  }

  without(other: CharSet): CharSet {
    return new CharSet(this.#bits.map((word, at) => word & ~other.#bits[at]));
  }

  negated(): CharSet {
    return new CharSet(this.#bits.map((word) => ~word));
  }

  overlaps(other: CharSet): boolean {
    return this.#bits.some((word, at) => (word & other.#bits[at]) !== 0);
  }

  /** With the other case of each ASCII letter. */
  withBothCases(): CharSet {
    const codes: number[] = [];
    for (let code = 0; code < 256; code++) if (this.has(code)) codes.push(code, otherCase(code));
    return CharSet.of(...codes);
  }

  /** Maximal runs as pairs of first and last character, ascending. */
  ranges(): readonly (readonly [from: number, to: number])[] {
    return (this.#ranges ??= this.#findRanges());
  }

  /** The only character of the set; -1 when there are none or several. */
  get single(): number {
    const ranges = this.ranges();
    return ranges.length === 1 && ranges[0][0] === ranges[0][1] ? ranges[0][0] : -1;
  }

  #findRanges(): (readonly [number, number])[] {
    const ranges: (readonly [number, number])[] = [];
    for (let code = 0; code < 256; code++) {
      if (!this.has(code)) continue;
      const from = code;
      while (code < 255 && this.has(code + 1)) code++;
      ranges.push([from, code]);
    }
    return ranges;
  }
}

const singles: (CharSet | undefined)[] = [];

/** Envoy's RE2 folds ASCII letters only. */
function otherCase(code: number): number {
  if (code >= 0x41 && code <= 0x5a) return code + 32;
  return code >= 0x61 && code <= 0x7a ? code - 32 : code;
}
