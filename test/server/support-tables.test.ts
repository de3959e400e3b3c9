import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { supportFaults } from '../../src/config/support.ts';
import { SUPPORT_TABLES, supportTable } from '../../src/server/support-tables.ts';
import { fieldsOfCase } from '../../tools/docs/shown-by.ts';
import { supportPage } from '../../tools/docs/support-page.ts';
import { readCases } from '../conformance/harness/case-files.ts';

test('the support tables name only messages and fields that the API has', () => {
  expect(supportFaults(supportTable())).toEqual([]);
});

test('no room lists a message twice without agreeing with the others', () => {
  expect(SUPPORT_TABLES.length).toBeGreaterThan(5);
  expect(() => supportTable()).not.toThrow();
});

const page = readFileSync(new URL('../../docs/support.md', import.meta.url), 'utf8');

test('docs/support.md says what the tables say; npm run docs makes it so', () => {
  const withoutCases = (text: string): string => text.replace(/ [\w./-]+#[\w.-]+ \|$/gm, '  |');
  expect(withoutCases(page)).toBe(withoutCases(supportPage(SUPPORT_TABLES, new Map())));
});

test('a case that docs/support.md names sets the field; npm run docs names others', () => {
  const cases = new Map(readCases().map((one) => [one.id, one]));
  const wrong: string[] = [];
  let message = '';
  for (const line of page.split('\n')) {
    message = /^## (.+)$/.exec(line)?.[1] ?? message;
    const [, field, id] = /^\| `(\w+)` \|.* \| ([\w./-]+#[\w.-]+) \|$/.exec(line) ?? [];
    if (id === undefined) continue;
    const one = cases.get(id);
    if (one === undefined || one.difference !== undefined || !fieldsOfCase(one).has(`${message}.${field}`)) wrong.push(`${message}.${field}: ${id}`);
  }
  expect(wrong).toEqual([]);
});
