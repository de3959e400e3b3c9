import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadBootstrap } from '../../src/config/loader.ts';
import { formatProblem } from '../../src/core/problems.ts';

const FOLDER = fileURLToPath(new URL('../golden/config/', import.meta.url));
const cases = readdirSync(FOLDER).filter((name) => !name.endsWith('.problems.txt'));

test.each(cases)('the problems of %s are these', async (name) => {
  const path = FOLDER + name;
  const { errors, warnings } = loadBootstrap({ path }).problems;
  const lines = [...errors.map(formatProblem), ...warnings.map((problem) => `warning: ${formatProblem(problem)}`)];
  await expect(`${lines.join('\n').replaceAll(FOLDER, '')}\n`).toMatchFileSnapshot(`${FOLDER}${name}.problems.txt`);
});
