import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { autocannon } from '../../bench/end-to-end/load/saturating.ts';
import type { ScenarioResult } from '../../bench/end-to-end/result.ts';
import { runScenario } from '../../bench/end-to-end/run-scenario.ts';
import type { Measured, Scenario, Turn } from '../../bench/end-to-end/scenario.ts';
import { ALL_SCENARIOS } from '../../bench/end-to-end/scenarios/all-scenarios.ts';

const TIMEOUT_MS = 60_000;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bench-test-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function scenarioNamed(name: string): Scenario {
  return ALL_SCENARIOS.find((scenario) => scenario.name === name)!;
}

/** Short rounds of a proxy that is always installed, with the load generator that is always installed. */
function runBriefly(scenario: Scenario, { rounds = 1, processes = 1 } = {}): Promise<ScenarioResult> {
  return runScenario(scenario, {
    cores: 'not in tests',
    tool: autocannon,
    rounds,
    seconds: 1,
    warmUpSeconds: 0,
    processes,
    onlyPeers: ['undici'],
    directory,
    log: () => undefined,
  });
}

describe.skipIf(process.platform !== 'linux')('a scenario', () => {
  it('starts proxy and origin, checks the features, loads and measures', { timeout: TIMEOUT_MS }, async () => {
    const { rows, failed } = await runBriefly(scenarioNamed('full'));
    expect(failed).toEqual([]);
    expect(rows).toMatchObject([{ peer: 'undici', errors: 0, notes: [] }]);
    const { cpuUs, requestsPerSecond, rssMiB } = rows[0].figures;
    expect(cpuUs?.median).toBeGreaterThan(1);
    expect(requestsPerSecond?.median).toBeGreaterThan(10);
    expect(rssMiB?.median).toBeGreaterThan(10);
  });

  it('of large bodies measures throughput and growth in a fresh process', { timeout: TIMEOUT_MS }, async () => {
    const { rows, failed } = await runBriefly(scenarioNamed('upload'));
    expect(failed).toEqual([]);
    expect(rows).toMatchObject([{ peer: 'undici', errors: 0 }]);
    expect(rows[0].figures.mibPerSecond?.median).toBeGreaterThan(1);
    expect(rows[0].figures.growthMiB?.median).toBeGreaterThanOrEqual(0);
  });

  it('has several processes of a proxy take turns', { timeout: TIMEOUT_MS }, async () => {
    const pids: number[] = [];
    const measure = async ({ proxy }: Turn): Promise<Measured> => ({ figures: { cpuUs: pids.push(proxy.server.pid) }, errors: 0 });
    const result = await runBriefly({ ...scenarioNamed('full'), measure }, { rounds: 3, processes: 2 });
    expect(result).toMatchObject({ processes: 2, failed: [], rows: [{ peer: 'undici', notes: [], rounds: { cpuUs: [1, 2, 3] } }] });
    expect(pids[1]).not.toBe(pids[0]);
    expect(pids[2]).toBe(pids[0]);
  });
});
