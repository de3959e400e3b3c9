import { expect, it } from 'vitest';
import { SeededRandom } from '../../../src/core/random.ts';
import type { PickerPolicy } from '../../../src/cluster/load-balancer/host-picker.ts';
import { anyStream, hostList, several, tally } from './hosts.ts';

/** What holds for every load balancing policy. */
export function conforms(policy: PickerPolicy): void {
  const random = (): SeededRandom => new SeededRandom(7);

  it('picks nobody out of nobody', () => {
    expect(policy.create([], random(), undefined).pick(anyStream)).toBeUndefined();
  });

  it('always picks the only host', () => {
    const [host] = hostList(several(1));
    const picker = policy.create([host], random(), undefined);
    expect(tally(10, () => picker.pick(anyStream))).toEqual(new Map([[host, 10]]));
  });

  it('picks only hosts of its list, and each of them', () => {
    for (const hosts of [hostList(several(5)), hostList(several(3).concat(several(4, 'UNKNOWN', 3)))]) {
      const picker = policy.create(hosts, random(), undefined);
      expect(new Set(tally(500, () => picker.pick(anyStream)).keys())).toEqual(new Set(hosts));
    }
  });

  it('spreads evenly over idle hosts of equal weight', () => {
    const hosts = hostList(several(4));
    const picker = policy.create(hosts, random(), undefined);
    const counts = tally(4_000, () => picker.pick(anyStream));
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });

  it('goes on over another list after an update', () => {
    const before = hostList(several(5));
    const picker = policy.create(before, random(), undefined);
    for (let i = 0; i < 3; i++) picker.pick(anyStream);
    for (const after of [before.slice(0, 2), [], before, hostList(several(9)), hostList([{ weight: 1 }, { weight: 2 }])]) {
      const next = policy.create(after, random(), picker);
      expect(new Set(tally(200, () => next.pick(anyStream)).keys())).toEqual(new Set(after.length === 0 ? [undefined] : after));
    }
  });

  it('picks the same sequence from the same seed', () => {
    const hosts = hostList(several(6));
    const sequence = () => {
      const picker = policy.create(hosts, random(), undefined);
      return Array.from({ length: 20 }, () => picker.pick(anyStream));
    };
    expect(sequence()).toEqual(sequence());
  });
}
