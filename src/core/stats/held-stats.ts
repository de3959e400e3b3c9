import type { StatGroup, StatSchema, StatStore } from './stats.ts';

/** The statistics of a configuration, or of a part that comes and goes as a whole: what it has asked for ends with it. */
export class HeldStats implements StatStore {
  readonly #store: StatStore;
  readonly #groups = new Set<StatGroup>();

  constructor(store: StatStore) {
    this.#store = store;
  }

  /** However often it is asked for, a group is held once. */
  group(prefix: string, schema: StatSchema): StatGroup {
    const group = this.#store.group(prefix, schema);
    if (this.#groups.has(group)) this.#store.release(group);
    else this.#groups.add(group);
    return group;
  }

  release(group: StatGroup): void {
    if (this.#groups.delete(group)) this.#store.release(group);
  }

  /** Nobody counts here any more. */
  end(): void {
    for (const group of this.#groups) this.#store.release(group);
    this.#groups.clear();
  }
}
