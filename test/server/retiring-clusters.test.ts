import { expect, test } from 'vitest';
import type { ClusterSpec } from '../../src/cluster/cluster-spec.ts';
import { ManualClock } from '../../src/core/clock.ts';
import { Timers } from '../../src/core/timers.ts';
import { MAX_RETIRING_CLUSTERS, RetiringClusters } from '../../src/server/retiring-clusters.ts';

const DRAIN_MS = 1_000;

function world() {
  const clock = new ManualClock();
  const timers = new Timers(clock);
  let ends = 0;
  const retiring = new RetiringClusters(timers);
  return {
    retiring,
    ends: () => ends,
    hold: (next: readonly ClusterSpec[], current: readonly ClusterSpec[]) => retiring.hold(next, current, DRAIN_MS, () => ends++),
    advance: (ms: number) => {
      clock.advance(ms);
      timers.expire();
    },
  };
}

const named = (...names: string[]): ClusterSpec[] => names.map((name) => ({ name }) as ClusterSpec);
const namesOf = (specs: readonly ClusterSpec[]): string[] => specs.map(({ name }) => name);

test('clusters that nobody names live beside the others until the drain time is over', () => {
  const { retiring, hold, advance, ends } = world();
  hold(named('a'), named('a', 'b'));
  advance(DRAIN_MS - 1);
  expect(namesOf(retiring.union(named('a'), []))).toEqual(['a', 'b']);
  advance(2);
  expect(namesOf(retiring.union(named('a'), []))).toEqual(['a']);
  expect(ends()).toBe(1);
});

test('a cluster that is named again is the new one, and its retirement has no end', () => {
  const { retiring, hold, advance } = world();
  hold(named('a'), named('a', 'b'));
  const [again] = named('b');
  retiring.forget([again!]);
  expect(retiring.union([again!], [])).toEqual([again]);
  advance(DRAIN_MS / 2);
  hold(named('a'), [again!]);
  advance(DRAIN_MS / 2 + 1);
  expect(retiring.union([], [])).toEqual([again]);
  advance(DRAIN_MS);
  expect(retiring.union([], [])).toEqual([]);
});

test('between two configurations those of both live', () => {
  const { retiring, hold } = world();
  hold(named('b'), named('a', 'b'));
  expect(namesOf(retiring.union(named('c'), named('b')))).toEqual(['c', 'a', 'b']);
});

test('no more retire than the limit: the oldest go early', () => {
  const { retiring, hold } = world();
  hold([], named('oldest'));
  hold([], named(...Array.from({ length: MAX_RETIRING_CLUSTERS }, (_, index) => `c${index}`)));
  const left = namesOf(retiring.union([], []));
  expect(left).toHaveLength(MAX_RETIRING_CLUSTERS);
  expect(left).not.toContain('oldest');
});
