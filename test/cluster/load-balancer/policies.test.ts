import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/core/random.ts';
import { leastRequest } from '../../../src/cluster/load-balancer/least-request.ts';
import { randomChoice } from '../../../src/cluster/load-balancer/random.ts';
import { roundRobin } from '../../../src/cluster/load-balancer/round-robin.ts';
import { conforms } from './conformance.ts';
import { anyStream, hostList, several, tally } from './hosts.ts';

const twoChoices = leastRequest({ choiceCount: 2, activeRequestBias: 1, fullScan: false });
const seeded = (): SeededRandom => new SeededRandom(3);

describe('round robin', () => {
  conforms(roundRobin);

  it('rotates from a random start', () => {
    const hosts = hostList(several(7));
    const starts = new Set(Array.from({ length: 50 }, (_, seed) => roundRobin.create(hosts, new SeededRandom(seed), undefined).pick(anyStream)));
    expect(starts.size).toBe(7);
  });

  it('goes on where it stood when the list is made anew', () => {
    const hosts = hostList(several(4));
    const picker = roundRobin.create(hosts, seeded(), undefined);
    const first = picker.pick(anyStream)!;
    const next = roundRobin.create(hosts, seeded(), picker);
    expect(next.pick(anyStream)).toBe(hosts[(hosts.indexOf(first) + 1) % 4]);
  });

  it('serves weights exactly and evenly interleaved', () => {
    const hosts = hostList([{ weight: 1 }, { weight: 2 }, { weight: 5 }]);
    const picker = roundRobin.create(hosts, seeded(), undefined);
    const counts = tally(8 * 100, () => picker.pick(anyStream));
    expect(hosts.map((host) => counts.get(host))).toEqual([100, 200, 500]);
    const next = Array.from({ length: 8 }, () => hosts.indexOf(picker.pick(anyStream)!));
    expect(next.filter((index) => index === 2)).toHaveLength(5);
    expect(next.join('')).not.toContain('2222');
  });
});

describe('random', () => {
  conforms(randomChoice);

  it('does not look at weights', () => {
    const hosts = hostList([{ weight: 1 }, { weight: 100 }]);
    const picker = randomChoice.create(hosts, seeded(), undefined);
    expect(Math.abs(tally(2_000, () => picker.pick(anyStream)).get(hosts[0])! - 1_000)).toBeLessThan(150);
  });
});

describe('least request', () => {
  conforms(twoChoices);

  it('never picks the busiest of two when it sees both', () => {
    const hosts = hostList(several(2));
    hosts[0].onStreamStart();
    const picker = leastRequest({ choiceCount: 20, activeRequestBias: 1, fullScan: false }).create(hosts, seeded(), undefined);
    expect(tally(100, () => picker.pick(anyStream)).get(hosts[0])).toBeUndefined();
  });

  it('compares as many random hosts as it is told', () => {
    const hosts = hostList(several(10));
    hosts.slice(1).forEach((host) => host.onStreamStart());
    const share = (choiceCount: number): number => {
      const picker = leastRequest({ choiceCount, activeRequestBias: 1, fullScan: false }).create(hosts, seeded(), undefined);
      return tally(10_000, () => picker.pick(anyStream)).get(hosts[0])! / 10_000;
    };
    expect(share(2)).toBeCloseTo(1 - 0.9 ** 2, 1);
    expect(share(5)).toBeCloseTo(1 - 0.9 ** 5, 1);
  });

  it('weighs unequal hosts by what they carry', () => {
    const hosts = hostList([{ weight: 2 }, { weight: 1 }]);
    const picker = twoChoices.create(hosts, seeded(), undefined);
    expect(tally(300, () => picker.pick(anyStream)).get(hosts[0])).toBe(200);
    for (let i = 0; i < 3; i++) hosts[0].onStreamStart();
    const loaded = tally(300, () => picker.pick(anyStream)).get(hosts[0])!;
    expect(loaded).toBeGreaterThan(98);
    expect(loaded).toBeLessThan(103);
  });

  it('heeds what they carry the more, the greater the bias', () => {
    const hosts = hostList([{ weight: 9 }, { weight: 1 }]);
    for (let i = 0; i < 2; i++) hosts[0].onStreamStart();
    const picker = leastRequest({ choiceCount: 2, activeRequestBias: 2, fullScan: false }).create(hosts, seeded(), undefined);
    expect(tally(200, () => picker.pick(anyStream)).get(hosts[0])).toBe(100);
  });

  it('ignores what they carry with a bias of 0', () => {
    const hosts = hostList([{ weight: 2 }, { weight: 1 }]);
    for (let i = 0; i < 3; i++) hosts[0].onStreamStart();
    const picker = leastRequest({ choiceCount: 2, activeRequestBias: 0, fullScan: false }).create(hosts, seeded(), undefined);
    expect(tally(300, () => picker.pick(anyStream)).get(hosts[0])).toBe(200);
  });
});

describe('least request by full scan', () => {
  const fullScan = leastRequest({ choiceCount: 2, activeRequestBias: 1, fullScan: true });
  conforms(fullScan);

  it('picks among the least busy only, each as often', () => {
    const hosts = hostList(several(10));
    hosts.slice(3).forEach((host) => host.onStreamStart());
    const picker = fullScan.create(hosts, seeded(), undefined);
    const counts = tally(3_000, () => picker.pick(anyStream));
    expect(new Set(counts.keys())).toEqual(new Set(hosts.slice(0, 3)));
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(120);
  });
});
