/** Cases that are different and for which no reason is stated: `../open-differences.txt`, one id a line. */

import { readFileSync } from 'node:fs';
import type { Case } from './case.ts';
import { ConformanceError } from './case.ts';
import type { TransportName } from './nuncio-target.ts';
import type { Verdict } from './verdict.ts';

const FILE = 'open-differences.txt';
const TRANSPORTS: readonly string[] = ['direct', 'public'];

/** Ids by transport. A line is an id, or an id and the one transport that it is about. */
export type OpenDifferences = Readonly<Record<TransportName, ReadonlySet<string>>>;

export const parseOpenDifferences = (text: string, cases: readonly Pick<Case, 'id'>[]): OpenDifferences => {
  const open = { direct: new Set<string>(), public: new Set<string>() };
  const known = new Set(cases.map((one) => one.id));
  for (const [index, line] of text.split('\n').entries()) {
    const [id, transport] = line.replace(/(^|\s)# .*/, '').trim().split(/\s+/);
    if (id === '') continue;
    const where = `${FILE}:${index + 1}`;
    if (!known.has(id)) throw new ConformanceError(`${where}: there is no case ${id}`);
    if (transport !== undefined && !TRANSPORTS.includes(transport)) {
      throw new ConformanceError(`${where}: '${transport}' is not a transport (${TRANSPORTS.join(', ')})`);
    }
    if (transport !== 'public') open.direct.add(id);
    if (transport !== 'direct') open.public.add(id);
  }
  return open;
};

export const readOpenDifferences = (cases: readonly Case[]): OpenDifferences =>
  parseOpenDifferences(readFileSync(new URL(`../${FILE}`, import.meta.url), 'utf8'), cases);

/** What is wrong with a verdict; empty when the case stands as the list says. */
export const complaints = (verdict: Verdict, isOpen: boolean): readonly string[] => {
  if (verdict.kind === 'different') return isOpen ? [] : verdict.lines;
  return isOpen ? [`is ${verdict.kind === 'equal' ? 'equal' : 'different for a stated reason'}: remove it from ${FILE}`] : [];
};
