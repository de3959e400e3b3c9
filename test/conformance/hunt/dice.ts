/** Chance from a seed: the same seed rolls the same. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Uniform in [0, 1): mulberry32. */
  unit(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Uniform in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.unit() * limit);
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)];
  }

  /** One of `makers`, made; those that stand twice are twice as likely. */
  make<Item>(makers: readonly (() => Item)[]): Item {
    return this.pick(makers)();
  }

  /** Between `least` and `most` items. */
  list<Item>(least: number, most: number, make: (index: number) => Item): Item[] {
    return Array.from({ length: least + this.below(most - least + 1) }, (_, index) => make(index));
  }

  /** Each member of `table` with the probability, made. */
  some(probability: number, table: Readonly<Record<string, () => unknown>>): Record<string, unknown> {
    const chosen = Object.entries(table).filter(() => this.chance(probability));
    return Object.fromEntries(chosen.map(([key, make]) => [key, make()]));
  }
}
