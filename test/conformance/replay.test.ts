import { beforeAll, describe, expect, it } from 'vitest';
import { readCases } from './harness/case-files.ts';
import { replay } from './harness/compare.ts';
import { createNuncioTarget } from './harness/nuncio-target.ts';
import type { Verdict } from './harness/verdict.ts';
import { checkDifferences } from './harness/verdict.ts';

/** Most cases wait more than they compute. */
const JOBS = 6;
const LIMIT_MS = 90_000;

const cases = readCases();
checkDifferences(cases);

describe.each(['direct', 'public'] as const)('on the %s transport', (transport) => {
  let verdicts: ReadonlyMap<string, Verdict>;

  beforeAll(async () => {
    verdicts = await replay(createNuncioTarget(transport), cases, JOBS);
  }, LIMIT_MS);

  it.each(cases.map((one) => [one.id, one.about] as const))('%s is answered as Envoy answers it', (id) => {
    const verdict = verdicts.get(id);
    expect(verdict?.kind === 'different' ? verdict.lines : []).toEqual([]);
  });
});
