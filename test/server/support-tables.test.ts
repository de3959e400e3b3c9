import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { supportFaults } from '../../src/config/support.ts';
import { SUPPORT_TABLES, supportTable } from '../../src/server/support-tables.ts';
import { supportPage } from '../../tools/docs/support-page.ts';

test('the support tables name only messages and fields that the API has', () => {
  expect(supportFaults(supportTable())).toEqual([]);
});

test('no room lists a message twice without agreeing with the others', () => {
  expect(SUPPORT_TABLES.length).toBeGreaterThan(5);
  expect(() => supportTable()).not.toThrow();
});

test('docs/support.md says what the tables say; npm run docs makes it so', () => {
  expect(readFileSync(new URL('../../docs/support.md', import.meta.url), 'utf8')).toBe(supportPage(SUPPORT_TABLES));
});
