import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Figures } from '../../bench/end-to-end/metric.ts';
import { METRICS } from '../../bench/end-to-end/metric.ts';
import { wrk } from '../../bench/end-to-end/load/saturating.ts';
import { ALL_PEERS, peerNamed } from '../../bench/end-to-end/peers/all-peers.ts';
import type { PeerName } from '../../bench/end-to-end/peers/peer.ts';
import { toMarkdown } from '../../bench/end-to-end/report.ts';
import type { ContestantRecord, ScenarioResult } from '../../bench/end-to-end/result.ts';
import { summarise } from '../../bench/end-to-end/result.ts';
import { ALL_SCENARIOS } from '../../bench/end-to-end/scenarios/all-scenarios.ts';
import type { Threshold } from '../../bench/end-to-end/thresholds.ts';
import { judge } from '../../bench/end-to-end/thresholds.ts';

const SCENARIO = { name: 'full', title: 'Full', columns: ['cpuUs', 'requestsPerSecond'], ratioOf: ['cpuUs'] } as const;

function record(peer: PeerName, cpuUs: readonly number[], more: Partial<ContestantRecord> = {}): ContestantRecord {
  const rounds = cpuUs.map((value): Figures => ({ cpuUs: value, requestsPerSecond: 1e6 / value }));
  return { peer: peerNamed(peer), variant: '', rounds, errors: 0, notes: [], failure: undefined, ...more };
}

function result(records: readonly ContestantRecord[], comparesWithBase = false): ScenarioResult {
  return summarise({ ...SCENARIO, comparesWithBase }, { records, absent: [], origin: 'none', tool: wrk, rounds: 3, processes: 1, seconds: 1 });
}

function verdict(threshold: Partial<Threshold>, from: ScenarioResult): string {
  const [only] = judge([{ scenario: 'full', peer: 'nuncio-direct', metric: 'cpuUs', ...threshold }], [from]);
  return only.outcome;
}

describe('a summary of rounds', () => {
  it('has medians, and ratios to nginx and Envoy taken round by round', () => {
    const { rows } = result([record('nginx', [10, 20, 40]), record('envoy', [30, 60, 120]), record('nuncio-direct', [9, 18, 36])]);
    const nuncio = rows.find(({ peer }) => peer === 'nuncio-direct')!;
    expect(nuncio.figures.cpuUs?.median).toBe(18);
    expect(nuncio.ratios.nginx?.cpuUs?.median).toBeCloseTo(0.9);
    expect(nuncio.ratios.envoy?.cpuUs?.median).toBeCloseTo(0.3);
  });

  it('sets a variant against the same baseline variant, and tells what it adds to its own base', () => {
    const { rows } = result(
      [
        record('nginx', [10, 10], { variant: 'base' }),
        record('nginx', [20, 20], { variant: 'many' }),
        record('nuncio-direct', [10, 12], { variant: 'base' }),
        record('nuncio-direct', [11, 14], { variant: 'many' }),
      ],
      true,
    );
    const many = rows.find(({ peer, variant }) => peer === 'nuncio-direct' && variant === 'many')!;
    expect(many.rounds.addedUs).toEqual([1, 2]);
    expect(many.ratios.nginx?.cpuUs?.median).toBeCloseTo(0.625);
  });

  it('leaves out a contestant that failed, and says why', () => {
    const { rows, failed } = result([record('nginx', [10]), record('haproxy', [10], { failure: 'no 200' })]);
    expect(rows.map(({ peer }) => peer)).toEqual(['nginx']);
    expect(failed).toEqual([{ peer: 'haproxy', variant: '', reason: 'no 200' }]);
  });
});

describe('a threshold', () => {
  const nginx = record('nginx', [10, 10, 10]);

  it('is met up to its limit and missed beyond it', () => {
    const from = result([nginx, record('nuncio-direct', [11, 11, 11])]);
    expect(verdict({ against: 'nginx', max: 1.1 }, from)).toBe('met');
    expect(verdict({ against: 'nginx', max: 1.09 }, from)).toBe('missed');
    expect(verdict({ max: 11 }, from)).toBe('met');
    expect(verdict({ metric: 'requestsPerSecond', against: 'nginx', min: 1 }, from)).toBe('missed');
  });

  it('against the npm proxies counts the best of them', () => {
    const npm = [record('http-proxy', [100, 100, 100]), record('undici', [50, 50, 50])];
    expect(verdict({ against: 'best-npm', max: 0.2 }, result([...npm, record('nuncio-direct', [10, 10, 10])]))).toBe('met');
    expect(verdict({ against: 'best-npm', max: 0.2 }, result([...npm, record('nuncio-direct', [11, 11, 11])]))).toBe('missed');
  });

  it('is unknown when what it compares with did not take part', () => {
    expect(verdict({ against: 'envoy', max: 0.4 }, result([nginx, record('nuncio-direct', [11])]))).toBe('unknown');
    expect(verdict({ against: 'nginx', max: 0.4 }, result([nginx]))).toBe('unknown');
  });

  it('is missed when requests failed, or when the contestant did not get through', () => {
    expect(verdict({ max: 100 }, result([record('nuncio-direct', [1], { errors: 1 })]))).toBe('missed');
    expect(verdict({ max: 100 }, result([record('nuncio-direct', [], { failure: 'it ended' })]))).toBe('missed');
  });

  it('is not judged when its scenario did not run', () => {
    expect(judge([{ scenario: 'idle', peer: 'nuncio-direct', metric: 'cpuUs', max: 1 }], [result([nginx])])).toEqual([]);
  });
});

describe('bench/thresholds.json', () => {
  const thresholds = JSON.parse(readFileSync(new URL('../../bench/thresholds.json', import.meta.url), 'utf8')) as Threshold[];

  it('names scenarios, peers, variants and figures that exist', () => {
    for (const threshold of thresholds) {
      const scenario = ALL_SCENARIOS.find(({ name }) => name === threshold.scenario);
      expect(scenario?.peers).toContain(threshold.peer);
      expect(scenario?.variants.map(({ name }) => name)).toContain(threshold.variant ?? '');
      expect(scenario?.columns).toContain(threshold.metric);
      expect(Object.keys(METRICS)).toContain(threshold.metric);
      expect(threshold.max ?? threshold.min).toBeTypeOf('number');
    }
  });
});

describe('a report', () => {
  it('names command, machine and versions, and has a row for each contestant', () => {
    const scenario = result([record('nginx', [10]), record('nuncio-direct', [9], { errors: 3, notes: ['writes no access log'] })]);
    const markdown = toMarkdown({
      command: 'npm run bench -- full',
      startedAt: '2026-01-01T00:00:00.000Z',
      machine: { cpuModel: 'A CPU', cores: 2, memoryGiB: 4, kernel: 'Linux 6', node: '24.0.0', loadBefore: 0, pinning: 'nothing is pinned: only one core is available' },
      peers: ALL_PEERS.slice(0, 1).map(({ name, settings }) => ({ name, version: '1.2', settings })),
      scenarios: [scenario],
      verdicts: judge([{ scenario: 'full', peer: 'nuncio-direct', metric: 'cpuUs', against: 'nginx', max: 1.1 }], [scenario]),
    });
    expect(markdown).toContain('npm run bench -- full');
    expect(markdown).toContain('A CPU, 2 cores, 4 GiB, Linux 6, Node 24.0.0; nothing is pinned');
    expect(markdown).toContain('| nginx | 1.00 | 10.0 | 100,000 |');
    expect(markdown).toContain('| nuncio-direct | 0.90 | 9.00 | 111,111 |');
    expect(markdown).toContain('- nuncio-direct: 3 failed');
    expect(markdown).toContain('- nuncio-direct: writes no access log');
    expect(markdown).toContain('| full | nuncio-direct: CPU µs/request ≤ 1.1 × nginx | missed | 3 requests failed |');
  });
});
