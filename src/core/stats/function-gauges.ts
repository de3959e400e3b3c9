import type { SnapshotGroup, SnapshotSchema } from './snapshot.ts';

/** Gauges that are computed when they are read, held as groups by the part of the name before the last dot. */
export class FunctionGauges {
  readonly #groups = new Map<string, FunctionGroup>();

  set(name: string, value: () => number | bigint): void {
    const dot = name.lastIndexOf('.');
    const prefix = name.slice(0, Math.max(dot, 0));
    const functions = new Map(this.#groups.get(prefix)?.functions);
    functions.set(name.slice(dot + 1), value);
    this.#groups.set(prefix, new FunctionGroup(prefix, functions));
  }

  groups(): Iterable<SnapshotGroup> {
    return this.#groups.values();
  }
}

class FunctionGroup implements SnapshotGroup {
  readonly prefix: string;
  readonly functions: ReadonlyMap<string, () => number | bigint>;
  readonly schema: SnapshotSchema;
  readonly #byIndex: readonly (() => number | bigint)[];

  constructor(prefix: string, functions: ReadonlyMap<string, () => number | bigint>) {
    this.prefix = prefix;
    this.functions = functions;
    this.schema = { counters: [], gauges: [...functions.keys()], histograms: [] };
    this.#byIndex = [...functions.values()];
  }

  counter(): number {
    return 0;
  }

  counterUsed(): boolean {
    return false;
  }

  /** `+ 0` keeps a computed −0 from looking untouched. */
  gauge(index: number): number | bigint {
    const value = this.#byIndex[index]();
    return typeof value === 'bigint' ? value : value + 0;
  }

  histogram(): undefined {
    return undefined;
  }
}
