import type { Clock } from '../core/clock.ts';
import type { LinkedList } from '../core/linked-list.ts';
import type { Random } from '../core/random.ts';
import type { HeldStats } from '../core/stats/held-stats.ts';
import type { Timers } from '../core/timers.ts';
import type { FilterChainSpec } from './compile-filter-chain.ts';
import type { ListenerSpec } from './compile.ts';
import { DrainManager, type DrainSettings, type ProcessDrain } from './drain-manager.ts';
import type { ListenerConnection, RunningChain } from './listener-connection.ts';
import { DEFAULT_CHAIN } from './match/filter-chain-match.ts';

/** What the filter chains of a listener need of their thread. */
export interface ChainServices {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Of the process. */
  readonly drains: ProcessDrain;
  /** How listeners and filter chains drain that are changed or removed. */
  readonly drain: DrainSettings;
  readonly limits: { readonly random: Random };
}

/** After so long what was destroyed has told of its end. */
const SETTLING_MS = 1000;

/** Envoy's reason for closing what still lives when a drain ends. */
const CHAIN_REMOVED = 'filter_chain_is_being_removed';

/** The filter chains of a listener, and how one set of them gives way to the next. */
export class RunningChains {
  readonly #services: ChainServices;
  /** The listener's, with those of chains that a later configuration no longer has. */
  readonly #connections: LinkedList<ListenerConnection>;
  #listener: ListenerSpec;
  #chains: readonly RunningChain[];
  #defaultChain: RunningChain | undefined;

  constructor(listener: ListenerSpec, services: ChainServices, connections: LinkedList<ListenerConnection>) {
    this.#services = services;
    this.#connections = connections;
    this.#listener = listener;
    this.#chains = listener.chains.map((chain) => this.#running(chain));
    this.#defaultChain = listener.defaultChain && this.#running(listener.defaultChain);
  }

  /** `index`: as a FilterChainFinder tells it. */
  at(index: number): RunningChain | undefined {
    return index === DEFAULT_CHAIN ? this.#defaultChain : this.#chains[index];
  }

  /** Connections live on unless their filter chain changed. Tells how many chains drain. */
  update(listener: ListenerSpec): number {
    const before = this.#all();
    const superseded = [this.#listener.stats];
    const keep = (next: FilterChainSpec): RunningChain => {
      const index = before.findIndex((chain) => continues(chain.spec, next));
      if (index < 0) return this.#running(next);
      const chain = before.splice(index, 1)[0]!;
      if (chain.adoptedStats !== undefined) superseded.push(chain.adoptedStats);
      chain.adoptedStats = next.stats;
      return chain;
    };
    this.#listener = listener;
    this.#chains = listener.chains.map(keep);
    this.#defaultChain = listener.defaultChain && keep(listener.defaultChain);
    for (const gone of before) {
      this.#retire(gone);
      superseded.push(...statsOf(gone));
    }
    this.#letGo(superseded, this.#services.drain.timeMs);
    return before.length;
  }

  /** Their sockets are another's or closed. */
  drain(): void {
    for (const chain of this.#all()) chain.drain.start(this.#services.drain);
  }

  /** Nobody wants them any more; their connections have been destroyed. */
  end(): void {
    this.#letGo([this.#listener.stats, ...this.#all().flatMap(statsOf)], SETTLING_MS);
  }

  #all(): RunningChain[] {
    return this.#defaultChain === undefined ? [...this.#chains] : [...this.#chains, this.#defaultChain];
  }

  #running(spec: FilterChainSpec): RunningChain {
    const { clock, drains, limits } = this.#services;
    return { spec, drain: new DrainManager(clock, limits.random, drains.of(this.#listener)), adoptedStats: undefined };
  }

  /** Its connections live on until the drain time is over. */
  #retire(chain: RunningChain): void {
    const { timers, drain } = this.#services;
    chain.drain.start(drain);
    const onTimer = (): void => {
      for (const connection of this.#connections.values()) if (connection.chain === chain) connection.destroy(CHAIN_REMOVED);
    };
    timers.after(drain.timeMs, { onTimer });
  }

  /** Statistics that only connections of before still count: they end when the time is over and none of these is left. */
  #letGo(held: readonly HeldStats[], afterMs: number): void {
    const { clock, timers } = this.#services;
    const sinceMs = clock.monotonicMs();
    const onTimer = (): void => {
      if ((this.#connections.first?.openedMs ?? Infinity) > sinceMs) for (const stats of held) stats.end();
      else timers.after(Math.max(afterMs, SETTLING_MS), { onTimer });
    };
    timers.after(afterMs, { onTimer });
  }
}

function statsOf({ spec, adoptedStats }: RunningChain): readonly HeldStats[] {
  return adoptedStats === undefined ? [spec.stats] : [spec.stats, adoptedStats];
}

/** Whether connections of a chain may live on under another; then its terminal filter has taken over what changed. */
function continues(before: FilterChainSpec, next: FilterChainSpec): boolean {
  if (!before.frame.equals(next.frame)) return false;
  if (before.terminal === undefined || next.terminal === undefined) return before.terminal === next.terminal;
  return before.terminal.adopt(next.terminal);
}
