/** Compares what nuncio answered with what Envoy answered. */

import { readFileSync } from 'node:fs';
import type { Answer } from './answer.ts';
import { differences, isRefusal } from './answer.ts';
import type { Case } from './case.ts';
import { ConformanceError } from './case.ts';
import type { Played } from './groups.ts';

export type Verdict =
  | { readonly kind: 'equal' }
  /** Not Envoy's answer, but the one that was accepted, for a reason that `differences.md` states. */
  | { readonly kind: 'stated'; readonly reason: string }
  | { readonly kind: 'different'; readonly lines: readonly string[] };

const SHOWN = 4;

/** A heading of this kind names the fields that nuncio refuses; the refusal is the accepted answer. */
const REFUSED = 'Refused at load: ';

const different = (...lines: readonly string[]): Verdict => ({ kind: 'different', lines: lines.slice(0, SHOWN) });

/** nuncio must refuse, and each problem must name a field's path and a field of the heading. */
const judgeRefusal = (reason: string, envoy: Answer, actual: Exclude<Played, Error>): Verdict => {
  const fields = reason.slice(REFUSED.length).split(', ');
  if (!isRefusal(actual)) return different(`is served: remove 'difference: ${reason}'`, ...differences(envoy, actual));
  const other = actual.refused.find((line) => !/^\S+: /.test(line) || !fields.some((field) => line.includes(field)));
  return other === undefined ? { kind: 'stated', reason } : different(`refused for another reason: ${other}`);
};

export const judge = (one: Case, envoy: Answer, ours: Answer | undefined, actual: Played): Verdict => {
  if (actual instanceof Error) return different(actual.message);
  if (one.difference?.startsWith(REFUSED)) return judgeRefusal(one.difference, envoy, actual);
  if (isRefusal(actual)) return different(...actual.refused.map((line) => `refused at load: ${line}`));
  const unlike = differences(envoy, actual);
  if (one.difference === undefined) return unlike.length === 0 ? { kind: 'equal' } : different(...unlike);
  if (unlike.length === 0) return different(`answers as Envoy does: remove 'difference: ${one.difference}'`);
  if (ours === undefined) return different(`no accepted answer: npm run conformance -- --accept '${one.id}'`);
  const drift = differences(ours, actual);
  return drift.length === 0 ? { kind: 'stated', reason: one.difference } : different(...drift);
};

/** Every difference that a case names has a heading of that name. */
export const checkDifferences = (cases: readonly Case[]): void => {
  const text = readFileSync(new URL('../differences.md', import.meta.url), 'utf8');
  const stated = new Set([...text.matchAll(/^## (.+)$/gm)].map(([, name]) => name.trim()));
  const unknown = cases.find((one) => one.difference !== undefined && !stated.has(one.difference));
  if (unknown !== undefined) {
    throw new ConformanceError(`${unknown.id}: differences.md has no heading '## ${unknown.difference}'`);
  }
};

interface Row {
  cases: number;
  equal: number;
  stated: number;
  different: number;
}

const cells = (name: string, row: Row): string[] => [name, ...[row.cases, row.equal, row.stated, row.different].map(String)];

/** Per area, then the line that scripts read. */
export const report = (cases: readonly Case[], verdicts: ReadonlyMap<string, Verdict>): string => {
  const areas = new Map<string, Row>();
  const total: Row = { cases: 0, equal: 0, stated: 0, different: 0 };
  for (const one of cases) {
    const area = areas.get(one.area) ?? { cases: 0, equal: 0, stated: 0, different: 0 };
    areas.set(one.area, area);
    const kind = verdicts.get(one.id)?.kind ?? 'different';
    for (const row of [area, total]) {
      row.cases += 1;
      row[kind] += 1;
    }
  }
  const rows = [['area', 'cases', 'equal', 'stated', 'different'], ...[...areas].map(([name, row]) => cells(name, row))];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  ');
  const last = `${total.cases} cases: ${total.equal} equal, ${total.stated} different for a stated reason, ${total.different} different`;
  return `${rows.map(line).join('\n')}\n${last}`;
};
