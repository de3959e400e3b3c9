import { beforeAll, describe, expect, it } from 'vitest';
import { readCases } from './harness/case-files.ts';
import { replay } from './harness/compare.ts';
import { createNuncioTarget } from './harness/nuncio-target.ts';
import { complaints, readOpenDifferences } from './harness/open-differences.ts';
import type { Verdict } from './harness/verdict.ts';
import { checkDifferences } from './harness/verdict.ts';

/** Most cases wait more than they compute. */
const JOBS = 8;
const LIMIT_MS = 180_000;

const cases = readCases();
checkDifferences(cases);
const open = readOpenDifferences(cases);

describe.each(['direct', 'public'] as const)('on the %s transport', (transport) => {
  let verdicts: ReadonlyMap<string, Verdict>;

  beforeAll(async () => {
    verdicts = await replay(createNuncioTarget(transport), cases, JOBS);
  }, LIMIT_MS);

  it.each(cases.map((one) => [one.id]))('%s stands as recorded', (id) => {
    const isOpen = open[transport].has(id);
    expect(complaints(verdicts.get(id) as Verdict, isOpen)).toEqual([]);
  });
});
