import type { Random } from '../../core/random.ts';
import type { Runtime } from '../../core/runtime.ts';
import type { StatGroup } from '../../core/stats/stats.ts';
import type { LoadBalancerContext } from '../../http/upstream.ts';
import { CLUSTER_STATS } from '../cluster-stats.ts';
import type { PanicSpec } from '../cluster-spec.ts';
import type { HostSet } from '../host-set.ts';
import type { UpstreamHost } from '../host.ts';
import type { HostPicker, PickerPolicy } from './host-picker.ts';
import { createLocalitySchedule } from './locality-schedule.ts';
import { panicThreshold, type PriorityLoad, priorityLoad } from './priority-load.ts';

export interface LoadBalancer {
  /** Synchronous, without I/O. Undefined: no host is usable. */
  pick(context: LoadBalancerContext): UpstreamHost | undefined;
}

export interface LoadBalancerOptions {
  readonly policy: PickerPolicy;
  readonly panic: PanicSpec;
  readonly localityWeighted: boolean;
  readonly random: Random;
  readonly runtime: Runtime;
  readonly stats: StatGroup;
}

/** Which hosts of a priority: all, or those of one availability. */
type Place = 'hosts' | 'healthy' | 'degraded';

const PANIC_THRESHOLD_KEY = 'upstream.healthy_panic_threshold';

/** Chooses priority, availability and locality; the policy's pickers choose the host. */
export class PriorityLoadBalancer implements LoadBalancer {
  readonly #options: LoadBalancerOptions;
  #levels: readonly LevelPickers[];
  #hostSets: readonly HostSet[];
  #load: PriorityLoad;
  #runtimeVersion: number;
  /** The one picker that serves everything, in the usual case of one healthy priority. */
  #single: HostPicker | undefined;

  constructor(options: LoadBalancerOptions, hostSets: readonly HostSet[]) {
    this.#options = options;
    this.#hostSets = hostSets;
    this.#levels = hostSets.map((hostSet) => new LevelPickers(options, hostSet, undefined));
    this.#runtimeVersion = options.runtime.version;
    this.#load = this.#computeLoad();
  }

  /** The hosts have changed. Cursors go on. */
  update(hostSets: readonly HostSet[]): void {
    const before = this.#levels;
    this.#hostSets = hostSets;
    this.#levels = hostSets.map((hostSet, priority) => new LevelPickers(this.#options, hostSet, before[priority]));
    this.#load = this.#computeLoad();
  }

  pick(context: LoadBalancerContext): UpstreamHost | undefined {
    if (this.#runtimeVersion !== this.#options.runtime.version) this.#load = this.#computeLoad();
    let host = this.#pickOnce(context);
    const attempts = context.hostSelectionAttempts ?? 1;
    for (let attempt = 1; attempt < attempts && host !== undefined && context.isHostTried(host); attempt++) host = this.#pickOnce(context);
    return host;
  }

  #pickOnce(context: LoadBalancerContext): UpstreamHost | undefined {
    if (this.#single !== undefined) return this.#single.pick(context);
    const { healthy, degraded, panic } = this.#load;
    let draw = this.#options.random.uint32() % 100;
    for (let priority = 0; priority < healthy.length; priority++) {
      if (draw < healthy[priority]) return this.#pickFrom(priority, panic[priority], false, context);
      draw -= healthy[priority];
    }
    for (let priority = 0; priority < degraded.length; priority++) {
      if (draw < degraded[priority]) return this.#pickFrom(priority, panic[priority], true, context);
      draw -= degraded[priority];
    }
    return undefined;
  }

  #pickFrom(priority: number, panic: boolean, degraded: boolean, context: LoadBalancerContext): UpstreamHost | undefined {
    const level = this.#levels[priority];
    if (!panic) return level.at(degraded ? 'degraded' : 'healthy').pick(context);
    this.#options.stats.inc(CLUSTER_STATS.lb_healthy_panic);
    return this.#options.panic.failTraffic ? undefined : level.at('hosts').pick(context);
  }

  #computeLoad(): PriorityLoad {
    const { panic, runtime } = this.#options;
    this.#runtimeVersion = runtime.version;
    const load = priorityLoad(this.#hostSets, panicThreshold(panic, runtime.number(PANIC_THRESHOLD_KEY, panic.thresholdPercent)));
    const only = load.healthy.indexOf(100);
    this.#single = only !== -1 && !load.panic[only] ? this.#levels[only].at('healthy') : undefined;
    return load;
  }
}

/** The pickers of one priority, made when first used. */
class LevelPickers {
  readonly #options: LoadBalancerOptions;
  readonly #hostSet: HostSet;
  /** What served each place before the last update. */
  readonly #before: Partial<Record<Place, HostPicker>>;
  readonly #pickers: Partial<Record<Place, HostPicker>> = {};

  constructor(options: LoadBalancerOptions, hostSet: HostSet, before: LevelPickers | undefined) {
    this.#options = options;
    this.#hostSet = hostSet;
    this.#before = before === undefined ? {} : { ...before.#before, ...before.#pickers };
  }

  at(place: Place): HostPicker {
    return (this.#pickers[place] ??= this.#make(place));
  }

  #make(place: Place): HostPicker {
    const { policy, random, localityWeighted } = this.#options;
    const before = this.#before[place];
    const byLocality = localityWeighted && place !== 'hosts' ? createLocalitySchedule(this.#hostSet, place, policy, random, before) : undefined;
    return byLocality ?? policy.create(this.#hostSet[place], random, before);
  }
}
