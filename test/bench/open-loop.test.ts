import { describe, expect, it } from 'vitest';
import { percentile } from '../../bench/end-to-end/arithmetic.ts';
import { OpenLoopSchedule } from '../../bench/end-to-end/load/open-loop-schedule.ts';

/**
 * Drives a schedule with a clock of its own over a server that answers in order after `serviceUs`, and not at all while
 * it stalls.
 */
function simulate(schedule: OpenLoopSchedule, connections: number, serviceUs: number, stall?: { fromUs: number; toUs: number }): void {
  const underWay: { dueUs: number; doneUs: number }[] = [];
  for (let nowUs = 0; !schedule.allAnswered && nowUs < 60e6; nowUs += 10) {
    while (underWay.length > 0 && underWay[0].doneUs <= nowUs) schedule.onAnswer(underWay.shift()!.dueUs, nowUs);
    while (underWay.length < connections && schedule.nextDueUs <= nowUs) {
      const stalled = stall !== undefined && nowUs >= stall.fromUs && nowUs < stall.toUs;
      const dueUs = schedule.send(nowUs);
      underWay.push({ dueUs, doneUs: (stalled ? stall.toUs : nowUs) + serviceUs });
    }
  }
}

describe('an open loop', () => {
  it('sends at its rate and measures the time of service while all is well', () => {
    const schedule = new OpenLoopSchedule(1_000, 1);
    simulate(schedule, 4, 200);
    const { answered, failed, latenciesUs, lagsUs } = schedule.outcome();
    expect([answered, failed]).toEqual([1_000, 0]);
    expect(percentile(latenciesUs, 0.5)).toBe(200);
    expect(percentile(latenciesUs, 0.999)).toBe(200);
    expect(percentile(lagsUs, 1)).toBe(0);
  });

  it('counts a stall for every request that came due meanwhile, not only for those that were under way', () => {
    const schedule = new OpenLoopSchedule(1_000, 1);
    simulate(schedule, 4, 200, { fromUs: 500_000, toUs: 600_000 });
    const { latenciesUs } = schedule.outcome();
    // A tenth of the requests came due in the stall; they waited 0 to 100 ms, evenly.
    expect(latenciesUs.filter((latency) => latency > 1_000).length).toBeGreaterThan(95);
    expect(percentile(latenciesUs, 0.5)).toBe(200);
    expect(percentile(latenciesUs, 0.95)).toBeGreaterThan(45_000);
    expect(percentile(latenciesUs, 1)).toBeGreaterThanOrEqual(100_000);
  });

  it('tells how late the generator was to send when all connections were taken', () => {
    const schedule = new OpenLoopSchedule(1_000, 1);
    simulate(schedule, 1, 2_000);
    const { lagsUs } = schedule.outcome();
    expect(percentile(lagsUs, 1)).toBeGreaterThan(500_000);
  });

  it('forgets what was due in the warm-up', () => {
    const schedule = new OpenLoopSchedule(1_000, 1, 0.5);
    expect(schedule.total).toBe(1_500);
    simulate(schedule, 4, 200, { fromUs: 0, toUs: 100_000 });
    const { answered, latenciesUs, lagsUs } = schedule.outcome();
    expect(answered).toBe(1_500);
    expect(latenciesUs.length).toBe(1_000);
    expect(lagsUs.length).toBe(1_000);
    expect(percentile(latenciesUs, 1)).toBe(200);
  });

  it('counts as failed what failed and what was never answered', () => {
    const schedule = new OpenLoopSchedule(10, 1);
    for (let sent = 0; sent < 10; sent++) schedule.send(sent * 100_000);
    schedule.onAnswer(0, 500);
    schedule.onFailure();
    expect(schedule.nextDueUs).toBe(Infinity);
    expect(schedule.allAnswered).toBe(false);
    expect(schedule.outcome()).toMatchObject({ answered: 1, failed: 9 });
  });
});
