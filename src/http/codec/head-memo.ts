import { Patience } from '../../core/patience.ts';
import { RowMemo } from '../../core/row-memo.ts';
import type { HeaderMap, LinesShape } from '../header-map.ts';
import { CasedHeaderMap } from './field-case.ts';

/**
 * Texts of heads. What a proxy makes of heads that are alike is alike: the same lines pass, go and are added, and few values differ. Such a head is made of the parts
 * of the one before (docs/decisions/rows.md). Kept are `SLOTS` kinds of heads; longer ones than `MAX_KEPT_LENGTH` are not.
 */
export class HeadMemo {
  readonly #slots = Array.from({ length: SLOTS }, () => new Slot());
  readonly #startOf: (key: string, headers: HeaderMap) => string;

  /** `startOf`: what stands before the lines of a head, by what distinguishes one such from another. */
  constructor(startOf: (key: string, headers: HeaderMap) => string) {
    this.#startOf = startOf;
  }

  head(key: string, headers: HeaderMap, framing: string): string {
    if (headers instanceof CasedHeaderMap) return this.#make(key, headers, framing);
    const slot = this.#slots[(headers.text.length + headers.linesEnd) & (SLOTS - 1)]!;
    if (slot.isOf(key, headers, framing)) {
      slot.hit();
      return slot.row.join(headers.values) ?? this.#learn(slot, key, headers, framing);
    }
    return slot.miss() && slot.turnTo(key, headers, framing) ? this.#learn(slot, key, headers, framing) : this.#make(key, headers, framing);
  }

  #learn({ row }: Slot, key: string, headers: HeaderMap, framing: string): string {
    row.learn(headers.writtenValues(), (values) => this.#make(key, headers.withValues(values), framing));
    return this.#make(key, headers, framing);
  }

  #make(key: string, headers: HeaderMap, framing: string): string {
    return this.#startOf(key, headers) + headers.serialise() + framing;
  }
}

const SLOTS = 64;
const MAX_KEPT_LENGTH = 4096;

/** Heads of one kind. */
class Slot extends Patience {
  readonly row = new RowMemo();
  #shape: LinesShape | undefined = undefined;
  #key = '';
  #framing = '';

  isOf(key: string, headers: HeaderMap, framing: string): boolean {
    return this.#shape !== undefined && headers.isOf(this.#shape) && key === this.#key && framing === this.#framing;
  }

  /** False: they are of no kind. */
  turnTo(key: string, headers: HeaderMap, framing: string): boolean {
    this.row.forget();
    this.#shape = headers.text.length <= MAX_KEPT_LENGTH && key.length + headers.byteSize() <= MAX_KEPT_LENGTH ? headers.shape() : undefined;
    this.#key = key;
    this.#framing = framing;
    return this.#shape !== undefined;
  }
}
