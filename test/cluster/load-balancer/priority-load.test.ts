import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { priorityLoad } from '../../../src/cluster/load-balancer/priority-load.ts';
import { assignmentOf, type HostPlan, prioritySet, several } from './hosts.ts';

const PANIC_AT = 50;

function loads(...levels: readonly (readonly HostPlan[])[]) {
  return priorityLoad(prioritySet(assignmentOf(levels.map((hosts) => [{ hosts }]))).levels, PANIC_AT);
}

/** Per cent of a hundred hosts. */
const healthy = (count: number): HostPlan[] => [...several(count), ...several(100 - count, 'UNHEALTHY')];

describe('the load of priorities', () => {
  it('stays with the first level while 1.4 times its healthy share suffices', () => {
    expect(loads(healthy(100), healthy(100)).healthy).toEqual([100, 0]);
    expect(loads(healthy(72), healthy(100)).healthy).toEqual([100, 0]);
  });

  it('spills what the first level cannot take', () => {
    expect(loads(healthy(71), healthy(100)).healthy).toEqual([99, 1]);
    expect(loads(healthy(50), healthy(100)).healthy).toEqual([70, 30]);
    expect(loads(healthy(25), healthy(100)).healthy).toEqual([35, 65]);
    expect(loads(healthy(0), healthy(100)).healthy).toEqual([0, 100]);
  });

  it('is scaled up when all levels together fall short', () => {
    // 35 + 35 of 70: halves, and panic on both.
    const { healthy: load, panic } = loads(healthy(25), healthy(25));
    expect(load).toEqual([50, 50]);
    expect(panic).toEqual([true, true]);
  });

  it('leaves panic to a level under the threshold only while the total is short', () => {
    expect(loads(healthy(5), healthy(100)).panic).toEqual([false, false]);
    expect(loads(healthy(5), healthy(60)).panic).toEqual([true, false]);
    expect(loads(healthy(5), healthy(60)).healthy).toEqual([8, 92]);
  });

  it('divides by the number of hosts when every level is in panic', () => {
    const { healthy: load, panic } = loads(several(3, 'UNHEALTHY'), several(1, 'UNHEALTHY'));
    expect(load).toEqual([75, 25]);
    expect(panic).toEqual([true, true]);
    expect(loads([], several(2, 'UNHEALTHY')).healthy).toEqual([0, 100]);
    const one = several(1, 'UNHEALTHY');
    expect(loads([], one, one, one).healthy).toEqual([0, 34, 33, 33]);
  });

  it('uses degraded hosts after the healthy ones of all levels', () => {
    const half = [...several(50), ...several(50, 'DEGRADED')];
    expect(loads(half, healthy(0))).toMatchObject({ healthy: [70, 0], degraded: [30, 0] });
    expect(loads(half, healthy(100))).toMatchObject({ healthy: [70, 30], degraded: [0, 0] });
    expect(loads(several(4, 'DEGRADED'))).toMatchObject({ healthy: [0], degraded: [100], panic: [false] });
  });

  it('leaves draining hosts out of the sums', () => {
    expect(loads([...several(50), ...several(50, 'DRAINING')], healthy(100)).healthy).toEqual([100, 0]);
  });

  it('sends everything to the first level when there is no host at all', () => {
    expect(loads([])).toMatchObject({ healthy: [100], panic: [true] });
  });

  it('sends nothing elsewhere with panic switched off', () => {
    const { levels } = prioritySet(assignmentOf([[{ hosts: several(2, 'UNHEALTHY') }]]));
    expect(priorityLoad(levels, 0)).toEqual({ healthy: [100], degraded: [0], panic: [false] });
  });

  it('can weigh hosts', () => {
    const level = [{ hosts: [{ weight: 1 }, { weight: 3, health: 'UNHEALTHY' as const }] }];
    const second = [{ hosts: several(1) }];
    expect(priorityLoad(prioritySet(assignmentOf([level, second], true)).levels, PANIC_AT).healthy).toEqual([35, 65]);
    expect(priorityLoad(prioritySet(assignmentOf([level, second], false)).levels, PANIC_AT).healthy).toEqual([70, 30]);
  });

  it('always sums to 100', () => {
    const plan = fc.record({ health: fc.constantFrom('UNKNOWN' as const, 'UNHEALTHY' as const, 'DEGRADED' as const, 'DRAINING' as const) });
    fc.assert(
      fc.property(fc.array(fc.array(plan, { maxLength: 12 }), { minLength: 1, maxLength: 5 }), fc.integer({ min: 0, max: 100 }), (levels, threshold) => {
        const load = priorityLoad(prioritySet(assignmentOf(levels.map((hosts) => [{ hosts }]))).levels, threshold);
        const total = [...load.healthy, ...load.degraded].reduce((sum, share) => sum + share, 0);
        expect(total).toBe(100);
      }),
    );
  });
});
