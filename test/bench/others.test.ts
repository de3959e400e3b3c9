import { describe, expect, it } from 'vitest';
import { othersPercent, parseBusyTicks } from '../../bench/end-to-end/others.ts';
import { toMarkdown } from '../../bench/end-to-end/report.ts';
import type { Report } from '../../bench/end-to-end/report.ts';

const STAT = 'cpu  999 999 999 999 999 999 999 999 999 999\ncpu0 100 1 20 5000 300 4 5 6 70 0\ncpu1 10 0 2 9000 0 0 0 0 0 0\ncpu10 7 7 7 7 7 7 7 7 7 7\nintr 1 2 3\n';

describe('what keeps cores busy', () => {
  it('is all but idle time, with what the host took, and counts guests once', () => {
    expect(parseBusyTicks(STAT, [0])).toBe(136);
    expect(parseBusyTicks(STAT, [0, 1])).toBe(148);
  });

  it('is by others where the harness has not used it, in percent of one core', () => {
    const before = { atMs: 1_000, busyMs: 50_000, ownMs: 7_000 };
    expect(othersPercent(before, { atMs: 3_000, busyMs: 53_900, ownMs: 10_000 })).toBe(45);
    expect(othersPercent(before, { atMs: 3_000, busyMs: 53_900, ownMs: 10_910 })).toBe(0);
  });
});

describe('a report', () => {
  it('names a proxy that shared its cores in one of its turns', () => {
    const text = toMarkdown(reportOf([3, 58.2, 4]));
    expect(text).toContain('- envoy: other programs took up to 58 % of a core during its turns: requests/s and latencies are not its own');
  });

  it('says nothing of turns that had the cores to themselves', () => {
    expect(toMarkdown(reportOf([3, 7]))).not.toContain('other programs');
  });
});

function reportOf(othersPercents: number[]): Report {
  const row = { peer: 'envoy', kind: 'native', variant: '', rounds: { othersPercent: othersPercents }, figures: {}, ratios: {}, errors: 0, notes: [] } as const;
  const result = { name: 'tcp', title: '', columns: [], ratioOf: [], rounds: othersPercents.length, processes: 1, load: '', origin: '', rows: [row], absent: [], failed: [] };
  const machine = { cpuModel: '', cores: 2, memoryGiB: 1, kernel: '', node: '', pinning: '', loadBefore: 0 };
  return { command: '', startedAt: '', machine, peers: [], scenarios: [result], verdicts: [] };
}
