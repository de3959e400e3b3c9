import type { Counter, Gauge, Histogram, StatGroup, StatStore } from './stats.ts';

/** A statistic that counts nothing. */
export const NOWHERE: Counter & Gauge & Histogram = { inc() {}, add() {}, set() {}, record() {} };

/** For what is compiled and never serves. It holds no memory: shared memory goes only when V8 happens to collect what names it. */
export const uncountedStats: StatStore = { group: (prefix) => new UncountedGroup(prefix), release() {} };

class UncountedGroup implements StatGroup {
  readonly prefix: string;

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  inc(): void {}
  add(): void {}
  gaugeAdd(): void {}
  gaugeSet(): void {}
  record(): void {}

  counter(): Counter {
    return NOWHERE;
  }

  gauge(): Gauge {
    return NOWHERE;
  }

  histogram(): Histogram {
    return NOWHERE;
  }
}
