import { RowMemo } from '../../core/row-memo.ts';
import type { Format } from './format.ts';
import type { FormatContext } from './operator.ts';

/** Constant texts and what is read between them, as one text. */
export class FormatRow<Part extends object> implements Format {
  readonly #parts: readonly (string | Part)[];
  readonly #read: (part: Part, context: FormatContext) => string;
  /** Those that are read. */
  readonly #places: readonly Part[];
  /** Of the places, while a row is made. */
  readonly #values: string[] = [];
  readonly #memo = new RowMemo();

  constructor(parts: readonly (string | Part)[], read: (part: Part, context: FormatContext) => string) {
    this.#parts = parts;
    this.#read = read;
    this.#places = parts.filter((part) => typeof part !== 'string');
  }

  format(context: FormatContext): string {
    const places = this.#places;
    if (this.#parts.length === 1 && places.length === 1) return this.#read(places[0]!, context);
    const values = this.#values;
    for (let at = 0; at < places.length; at++) values[at] = this.#read(places[at]!, context);
    return this.#memo.join(values) ?? this.#learn(values);
  }

  #learn(values: readonly string[]): string {
    this.#memo.learn(values, (others) => this.#make(others));
    return this.#make(values);
  }

  #make(values: readonly (string | undefined)[]): string {
    let at = 0;
    return this.#parts.map((part) => (typeof part === 'string' ? part : values[at++])).join('');
  }
}
