import type { ClusterSpec } from '../cluster/cluster-spec.ts';
import type { Timers } from '../core/timers.ts';

/** How many outlive the configurations that named them; beyond it the oldest go early. */
export const MAX_RETIRING_CLUSTERS = 10_000;

/** Clusters that the running configuration names no more, and that requests on draining connections, which follow the routes of before, still need. */
export class RetiringClusters {
  readonly #timers: Timers;
  /** By name, those that retired first first. */
  readonly #specs = new Map<string, ClusterSpec>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** `next` and what it does not name: clusters of `current`, which live until its listeners have taken over, and those that retire. */
  union(next: readonly ClusterSpec[], current: readonly ClusterSpec[]): readonly ClusterSpec[] {
    return [...next, ...unnamed(next, [...this.#specs.values(), ...current])];
  }

  /** Keeps what `next` does not name of `current` for the drain time; `onEnd` is told that it is over. */
  hold(next: readonly ClusterSpec[], current: readonly ClusterSpec[], drainMs: number, onEnd: () => void): void {
    const held = unnamed(next, current);
    if (held.length === 0) return;
    for (const spec of held) this.#specs.set(spec.name, spec);
    for (const name of this.#specs.keys()) {
      if (this.#specs.size <= MAX_RETIRING_CLUSTERS) break;
      this.#specs.delete(name);
    }
    const end = (): void => {
      for (const spec of held) if (this.#specs.get(spec.name) === spec) this.#specs.delete(spec.name);
      onEnd();
    };
    this.#timers.after(drainMs, { onTimer: end });
  }

  /** These are named again. */
  forget(named: readonly ClusterSpec[]): void {
    for (const { name } of named) this.#specs.delete(name);
  }
}

function unnamed(next: readonly ClusterSpec[], others: readonly ClusterSpec[]): readonly ClusterSpec[] {
  const names = new Set(next.map(({ name }) => name));
  return others.filter(({ name }) => !names.has(name));
}
