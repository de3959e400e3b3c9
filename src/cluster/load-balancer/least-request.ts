import type { Random } from '../../core/random.ts';
import type { UpstreamHost } from '../host.ts';
import { EdfSchedule } from './edf-schedule.ts';
import { type HostPicker, type PickerPolicy, weightsAreEqual } from './host-picker.ts';

export interface LeastRequestOptions {
  /** How many hosts, drawn at random, are compared; at least 2. */
  readonly choiceCount: number;
  /** With unequal weights: 0 ignores active requests, higher values shun busy hosts more. */
  readonly activeRequestBias: number;
  /** Compare all hosts instead. */
  readonly fullScan: boolean;
}

/** Fewest active requests of a few random hosts while weights are equal; else earliest deadline first by weight and load. */
export function leastRequest(options: LeastRequestOptions): PickerPolicy {
  return {
    create(hosts, random) {
      if (!weightsAreEqual(hosts)) return new WeightedLeastRequest(hosts, random, options.activeRequestBias);
      return options.fullScan ? new FullScan(hosts, random) : new FewestOfSome(hosts, random, options.choiceCount);
    },
  };
}

class FewestOfSome implements HostPicker {
  readonly #hosts: readonly UpstreamHost[];
  readonly #random: Random;
  readonly #choiceCount: number;

  constructor(hosts: readonly UpstreamHost[], random: Random, choiceCount: number) {
    this.#hosts = hosts;
    this.#random = random;
    this.#choiceCount = choiceCount;
  }

  pick(): UpstreamHost | undefined {
    const hosts = this.#hosts;
    if (hosts.length <= 1) return hosts[0];
    let best = hosts[this.#random.uint32() % hosts.length];
    for (let drawn = 1; drawn < this.#choiceCount; drawn++) {
      const other = hosts[this.#random.uint32() % hosts.length];
      if (other.activeRequests < best.activeRequests) best = other;
    }
    return best;
  }
}

class FullScan implements HostPicker {
  readonly #hosts: readonly UpstreamHost[];
  readonly #random: Random;

  constructor(hosts: readonly UpstreamHost[], random: Random) {
    this.#hosts = hosts;
    this.#random = random;
  }

  /** Of several least busy ones each is as likely: the n-th that ties replaces the choice with probability 1/n. */
  pick(): UpstreamHost | undefined {
    const hosts = this.#hosts;
    let best = hosts[0];
    let ties = 1;
    for (let i = 1; i < hosts.length; i++) {
      const host = hosts[i];
      if (host.activeRequests < best.activeRequests) {
        best = host;
        ties = 1;
      } else if (host.activeRequests === best.activeRequests && this.#random.uint32() % ++ties === 0) {
        best = host;
      }
    }
    return best;
  }
}

class WeightedLeastRequest implements HostPicker {
  readonly #hosts: readonly UpstreamHost[];
  readonly #schedule: EdfSchedule;
  readonly #bias: number;

  constructor(hosts: readonly UpstreamHost[], random: Random, bias: number) {
    this.#hosts = hosts;
    this.#bias = bias;
    this.#schedule = new EdfSchedule(hosts.length);
    hosts.forEach((host, index) => this.#schedule.add(index, this.#weightOf(host)));
    for (let skip = random.uint32() % hosts.length; skip > 0; skip--) this.pick();
  }

  pick(): UpstreamHost {
    const host = this.#hosts[this.#schedule.peek()];
    this.#schedule.reschedule(this.#weightOf(host));
    return host;
  }

  #weightOf(host: UpstreamHost): number {
    const load = host.activeRequests + 1;
    return this.#bias === 1 ? host.weight / load : host.weight / load ** this.#bias;
  }
}
