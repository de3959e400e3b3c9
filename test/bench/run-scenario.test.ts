import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { autocannon } from '../../bench/end-to-end/load/saturating.ts';
import type { ScenarioResult } from '../../bench/end-to-end/result.ts';
import { runScenario } from '../../bench/end-to-end/run-scenario.ts';
import { ALL_SCENARIOS } from '../../bench/end-to-end/scenarios/all-scenarios.ts';

const TIMEOUT_MS = 60_000;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bench-test-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** One short round of a proxy that is always installed, with the load generator that is always installed. */
function runBriefly(name: string, peer: string): Promise<ScenarioResult> {
  return runScenario(ALL_SCENARIOS.find((scenario) => scenario.name === name)!, {
    cores: 'not in tests',
    tool: autocannon,
    rounds: 1,
    seconds: 1,
    warmUpSeconds: 0,
    onlyPeers: [peer],
    directory,
    log: () => undefined,
  });
}

describe.skipIf(process.platform !== 'linux')('a scenario', () => {
  it('starts proxy and origin, checks the features, loads and measures', { timeout: TIMEOUT_MS }, async () => {
    const { rows, failed } = await runBriefly('full', 'undici');
    expect(failed).toEqual([]);
    expect(rows).toMatchObject([{ peer: 'undici', errors: 0, notes: [] }]);
    const { cpuUs, requestsPerSecond, rssMiB } = rows[0].figures;
    expect(cpuUs?.median).toBeGreaterThan(1);
    expect(requestsPerSecond?.median).toBeGreaterThan(10);
    expect(rssMiB?.median).toBeGreaterThan(10);
  });

  it('of large bodies measures throughput and growth in a fresh process', { timeout: TIMEOUT_MS }, async () => {
    const { rows, failed } = await runBriefly('upload', 'undici');
    expect(failed).toEqual([]);
    expect(rows).toMatchObject([{ peer: 'undici', errors: 0 }]);
    expect(rows[0].figures.mibPerSecond?.median).toBeGreaterThan(1);
    expect(rows[0].figures.growthMiB?.median).toBeGreaterThanOrEqual(0);
  });
});
