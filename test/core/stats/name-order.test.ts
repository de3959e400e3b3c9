import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inNameOrder, type NameOrder, sortKey } from '../../../src/core/stats/name-order.ts';
import { StatScrape } from '../../../src/core/stats/scrape.ts';
import { defineStats, StatSchema } from '../../../src/core/stats/stats.ts';
import { SharedStatStore } from '../../../src/core/stats/store.ts';
import type { SnapshotGroup } from '../../../src/core/stats/snapshot.ts';
import { renderText } from '../../../src/core/stats/render-text.ts';
import { EVERYTHING } from '../../../src/core/stats/snapshot.ts';

function names(groups: readonly SnapshotGroup[], order: NameOrder): string[] {
  return [...inNameOrder(groups, ['counters', 'gauges'], order)].flatMap(({ root, stats }) => stats.map(({ tail }) => root + tail));
}

function group(prefix: string, counters: readonly string[], gauges: readonly string[] = []): SnapshotGroup {
  const schema = new StatSchema({ counters, gauges });
  return { prefix, schema, counter: () => 1, counterUsed: () => true, gauge: () => 0, histogram: () => undefined };
}

describe('statistics are in the order of their full names', () => {
  const part = fc.string({ unit: fc.constantFrom(...'ab-_.'), maxLength: 5 });
  const groups = fc.uniqueArray(fc.record({ prefix: part, leaves: fc.uniqueArray(part, { minLength: 1, maxLength: 4 }) }), { selector: (one) => one.prefix });

  test.each(['bytes', 'tokens'] as const)('by %s, whatever the prefixes', (order) => {
    fc.assert(
      fc.property(groups, (specs) => {
        const built = specs.map(({ prefix, leaves }) => group(prefix, leaves));
        const plain = new Set(specs.flatMap(({ prefix, leaves }) => leaves.map((leaf) => (prefix === '' ? leaf : `${prefix}.${leaf}`))));
        const sorted = [...plain].sort((a, b) => (sortKey(a, order) < sortKey(b, order) ? -1 : 1));
        expect(names(built, order)).toEqual(sorted);
      }),
    );
  });

  test('by bytes a dash comes before a dot, by tokens the shorter part comes first', () => {
    const built = [group('cluster.a-b', ['x']), group('cluster.a', ['x']), group('cluster.a.c', ['x'])];
    expect(names(built, 'bytes')).toEqual(['cluster.a-b.x', 'cluster.a.c.x', 'cluster.a.x']);
    expect(names(built, 'tokens')).toEqual(['cluster.a.c.x', 'cluster.a.x', 'cluster.a-b.x']);
  });
});

test('a name that two groups have is shown once, with the sum', () => {
  const scrape = new StatScrape();
  scrape.addThread(0);
  const store = new SharedStatStore({ direct: true, onAnnounce: (message) => scrape.announce(0, message) });
  const first = defineStats({ counters: ['total', 'a'], gauges: ['active'], histograms: ['time'] });
  const second = defineStats({ counters: ['total', 'b'], gauges: ['active'], histograms: ['time'] });
  const one = store.group('p', first);
  const other = store.group('p', second);
  one.inc(first.total);
  other.add(second.total, 2);
  one.counter('found').inc();
  other.counter('found').inc();
  other.gaugeSet(second.active, 4);
  one.record(first.time, 1);
  other.record(second.time, 1);
  scrape.flushHistograms();
  const text = [...renderText(scrape.snapshot(), { ...EVERYTHING, usedOnly: true, histograms: 'detailed' })].join('');
  expect(text.split('\n').slice(0, 6)).toEqual(['p.active: 4', 'p.found: 2', 'p.total: 3', 'p.time:', '  totals=1,0.1:2', '  intervals=1,0.1:2']);
});
