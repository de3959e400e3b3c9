import { expect, test } from 'vitest';
import { HeldStats } from '../../../src/core/stats/held-stats.ts';
import { defineStats } from '../../../src/core/stats/stats.ts';
import { uncountedStats } from '../../../src/core/stats/uncounted-stats.ts';

test('who is compiled without serving may ask for every kind of statistic and count into it', () => {
  const schema = defineStats({ counters: ['all'], gauges: ['active'], histograms: ['time'] });
  const held = new HeldStats(uncountedStats);
  const group = held.group('scope', schema);
  expect(group.prefix).toBe('scope');
  group.inc(schema.all);
  group.add(schema.all, 2);
  group.gaugeAdd(schema.active, 1);
  group.gaugeSet(schema.active, 1);
  group.record(schema.time, 1);
  group.counter('named').inc();
  group.gauge('named').set(1);
  group.histogram('named').record(1);
  held.end();
});
