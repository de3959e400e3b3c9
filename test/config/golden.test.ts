import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadBootstrap } from '../../src/config/loader.ts';
import { validationReport } from '../../src/config/report.ts';

const FOLDER = fileURLToPath(new URL('../golden/config/', import.meta.url));
const cases = readdirSync(FOLDER).filter((name) => !name.endsWith('.problems.txt'));

test.each(cases)('the problems of %s are these', async (name) => {
  const path = FOLDER + name;
  const { errors, warnings, output } = validationReport(path, loadBootstrap({ path }).problems);
  const text = [output.trimEnd(), ...errors, ...warnings.map((line) => `warning: ${line}`)].filter((line) => line !== '').join('\n');
  await expect(`${text.replaceAll(FOLDER, '')}\n`).toMatchFileSnapshot(`${FOLDER}${name}.problems.txt`);
});
