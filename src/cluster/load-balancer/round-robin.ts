import type { Random } from '../../core/random.ts';
import type { UpstreamHost } from '../host.ts';
import { EdfSchedule } from './edf-schedule.ts';
import { type HostPicker, type PickerPolicy, weightsAreEqual } from './host-picker.ts';

/** Plain rotation from a random start while weights are equal, earliest deadline first when they are not. */
export const roundRobin: PickerPolicy = {
  create(hosts, random, previous) {
    if (!weightsAreEqual(hosts)) return new WeightedRoundRobin(hosts, random);
    return new Rotation(hosts, previous instanceof Rotation ? previous.cursor : random.uint32());
  },
};

class Rotation implements HostPicker {
  /** Place of the next pick; it goes on when the list changes. */
  cursor: number;
  readonly #hosts: readonly UpstreamHost[];

  constructor(hosts: readonly UpstreamHost[], cursor: number) {
    this.#hosts = hosts;
    this.cursor = hosts.length === 0 ? cursor : cursor % hosts.length;
  }

  pick(): UpstreamHost | undefined {
    const hosts = this.#hosts;
    const at = this.cursor;
    this.cursor = at + 1 < hosts.length ? at + 1 : 0;
    return hosts[at];
  }
}

class WeightedRoundRobin implements HostPicker {
  readonly #hosts: readonly UpstreamHost[];
  readonly #schedule: EdfSchedule;

  constructor(hosts: readonly UpstreamHost[], random: Random) {
    this.#hosts = hosts;
    this.#schedule = new EdfSchedule(hosts.length);
    hosts.forEach((host, index) => this.#schedule.add(index, host.weight));
    // Many proxies with one list must not all begin with the same host.
    for (let skip = random.uint32() % hosts.length; skip > 0; skip--) this.pick();
  }

  pick(): UpstreamHost {
    const host = this.#hosts[this.#schedule.peek()];
    this.#schedule.reschedule(host.weight);
    return host;
  }
}
