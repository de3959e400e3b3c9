import type { Random } from '../../core/random.ts';
import type { UpstreamHost } from '../host.ts';
import type { HostPicker, PickerPolicy } from './host-picker.ts';

/** Any host, whatever its weight. */
export const randomChoice: PickerPolicy = {
  create: (hosts, random) => new RandomPicker(hosts, random),
};

class RandomPicker implements HostPicker {
  readonly #hosts: readonly UpstreamHost[];
  readonly #random: Random;

  constructor(hosts: readonly UpstreamHost[], random: Random) {
    this.#hosts = hosts;
    this.#random = random;
  }

  pick(): UpstreamHost | undefined {
    const hosts = this.#hosts;
    return hosts.length === 0 ? undefined : hosts[this.#random.uint32() % hosts.length];
  }
}
