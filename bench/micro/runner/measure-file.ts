import { measureCase } from './measure-case.ts';
import type { MicroCase, MicroFigures } from './micro-case.ts';

/** measure-file.ts FILE REPETITIONS: measures the cases of one file and prints them as one line of JSON. */
const [file, repetitions] = process.argv.slice(2);
const { cases } = (await import(file)) as { cases: readonly MicroCase[] };
const figures: MicroFigures[] = [];
for (const one of cases) figures.push(measureCase(one, Number(repetitions)));
process.stdout.write(`${JSON.stringify(figures)}\n`);
process.exit(0);
