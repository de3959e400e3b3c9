/** `npm run conformance -- [--record] [--missing] [--accept] [filter]`: see README.md. */

import { parseArgs } from 'node:util';
import { ConformanceError } from './harness/case.ts';
import { readCases } from './harness/case-files.ts';
import { envoyTarget, requireEnvoy } from './harness/envoy-target.ts';
import { recordCases } from './harness/record.ts';
import { isRecorded, writeRecordings } from './harness/recordings.ts';

const record = async (filter: string, onlyMissing: boolean, jobs: number): Promise<number> => {
  requireEnvoy();
  const cases = readCases(filter).filter((one) => !onlyMissing || !isRecorded(one));
  const all = readCases();
  const { recorded, refused } = await recordCases(envoyTarget, cases, jobs);
  for (const [, topic] of Map.groupBy(all, (one) => `${one.area}/${one.topic}`)) writeRecordings(topic, recorded);
  for (const line of refused.sort()) console.error(line);
  console.log(`${cases.length} cases: ${recorded.size} recorded, ${refused.length} refused`);
  return refused.length === 0 ? 0 : 1;
};

const main = async (): Promise<number> => {
  const { values, positionals } = parseArgs({
    options: {
      record: { type: 'boolean', default: false },
      missing: { type: 'boolean', default: false },
      jobs: { type: 'string', default: '3' },
    },
    allowPositionals: true,
  });
  const [filter = ''] = positionals;
  if (values.record) return record(filter, values.missing, Number(values.jobs));
  return 0;
};

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof ConformanceError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
