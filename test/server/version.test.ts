import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ENVOY_VERSION as API_VERSION } from '../../tools/api/envoy-version.ts';
import { ENVOY_VERSION, VERSION } from '../../src/server/version.ts';

test('the version is that of the package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  expect(VERSION).toBe(version);
});

test("Envoy's release is that of the API", () => {
  expect(ENVOY_VERSION).toBe(API_VERSION);
});
