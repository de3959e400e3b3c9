import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EdfSchedule } from '../../../src/cluster/load-balancer/edf-schedule.ts';

describe('an EDF schedule', () => {
  it('gives each entry its share of picks to within one, at any time', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 400 }), (weights, picks) => {
        const schedule = new EdfSchedule(weights.length);
        weights.forEach((weight, entry) => schedule.add(entry, weight));
        const counts = weights.map(() => 0);
        for (let pick = 0; pick < picks; pick++) {
          const entry = schedule.peek();
          counts[entry]++;
          schedule.reschedule(weights[entry]);
        }
        // Served in order of deadlines k/weight, so no entry is ahead of another by more than one of its own periods.
        const periods = counts.map((count, entry) => count / weights[entry]);
        const behind = Math.min(...counts.map((count, entry) => (count + 1) / weights[entry]));
        periods.forEach((period) => expect(period).toBeLessThanOrEqual(behind + 1e-9));
      }),
    );
  });

  it('serves equal deadlines in the order in which they were set', () => {
    const schedule = new EdfSchedule(3);
    for (const entry of [2, 0, 1]) schedule.add(entry, 1);
    const order = Array.from({ length: 6 }, () => {
      const entry = schedule.peek();
      schedule.reschedule(1);
      return entry;
    });
    expect(order).toEqual([2, 0, 1, 2, 0, 1]);
  });
});
