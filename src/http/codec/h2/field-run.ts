/** A longer run is read anew each time, as is one of more text. */
const MAX_BYTES = 256;
const MAX_TEXT = 4096;

/** What the regular fields of a head came to. */
export interface RegularFields {
  readonly text: string;
  /** With room for lines to add. */
  readonly lines: readonly number[];
  readonly end: number;
  readonly present: number;
  readonly contentLength: number;
  readonly underscores: number;
  readonly bytes: number;
  readonly fields: number;
}

/** Takes the fields of one block. */
export interface FieldSink {
  /** `line` is `name: value\r\n` where somebody has it already. */
  add(kind: number, id: number, name: string, value: string, line: string | undefined): void;
  /** Regular fields have begun. */
  readonly hasRegular: boolean;
  /** Takes what `run` came to for `bytes` from `at` to the block's end; false when they differ or it does not fit. */
  take(run: FieldRun, bytes: Uint8Array, at: number): boolean;
  /** The block is over. */
  complete(): void;
  /** Whether the regular fields say it all of themselves. After `complete`. */
  readonly canRepeat: boolean;
  regularFields(): RegularFields;
}

/**
 * The coded regular fields that a connection's last head ended with, and what they came to. Clients say most of each request again: the next
 * head that ends with the same bytes, while the table is the same, takes it over. The text is one piece by then.
 */
export class FieldRun {
  /** 0: none is remembered. */
  length = 0;
  fields: RegularFields | undefined;
  #coded: Buffer | undefined;

  /** For runs of this length. */
  matches(bytes: Uint8Array, at: number): boolean {
    const coded = this.#coded!;
    for (let i = this.length - 1; i >= 0; i--) if (bytes[at + i] !== coded[i]) return false;
    return true;
  }

  remember(bytes: Uint8Array, start: number, end: number, fields: RegularFields): void {
    if (end - start > MAX_BYTES || fields.text.length > MAX_TEXT) return;
    const coded = (this.#coded ??= Buffer.allocUnsafe(MAX_BYTES));
    for (let at = start; at < end; at++) coded[at - start] = bytes[at]!;
    this.length = end - start;
    this.fields = fields;
  }

  forget(): void {
    this.length = 0;
    this.fields = undefined;
  }
}
