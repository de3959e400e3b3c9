import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Proxy } from '../../src/server/proxy.ts';

test('the edge profile is a configuration that nuncio serves', () => {
  const yaml = readFileSync(new URL('../../examples/edge.yaml', import.meta.url), 'utf8');
  expect(() => Proxy.validate({ yaml })).not.toThrow();
});
