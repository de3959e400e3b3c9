import { beforeAll, describe, expect, it } from 'vitest';
import { readCases } from './harness/case-files.ts';
import { replay } from './harness/compare.ts';
import { createNuncioTarget, type TransportName } from './harness/nuncio-target.ts';
import { complaints, readOpenDifferences } from './harness/open-differences.ts';
import type { Verdict } from './harness/verdict.ts';
import { checkDifferences } from './harness/verdict.ts';

/** Most cases wait more than they compute. */
const JOBS = 18;
const LIMIT_MS = 180_000;

/** Every recorded case on one transport. Each transport has a test file of its own. */
export function describeReplay(transport: TransportName): void {
  const cases = readCases();
  checkDifferences(cases);
  const open = readOpenDifferences(cases)[transport];

  describe(`on the ${transport} transport`, () => {
    let verdicts: ReadonlyMap<string, Verdict>;

    beforeAll(async () => {
      verdicts = await replay(createNuncioTarget(transport), cases, JOBS);
    }, LIMIT_MS);

    it.each(cases.map((one) => [one.id]))('%s stands as recorded', (id) => {
      expect(complaints(verdicts.get(id) as Verdict, open.has(id))).toEqual([]);
    });
  });
}
