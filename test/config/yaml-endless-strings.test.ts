import { expect, test, vi } from 'vitest';
import { SourceText } from '../../src/config/source.ts';
import { parseYaml } from '../../src/config/yaml.ts';

const { LIMIT } = vi.hoisted(() => ({ LIMIT: 1_000 }));

// Real ones, of 16 MiB each, take seconds.
vi.mock('../../src/config/tree.ts', async (original) => ({ ...(await original<object>()), MAX_STRING_LENGTH: LIMIT }));

const FORMS: readonly [string, (text: string) => string][] = [
  ['plain', (text) => `a: ${text}`],
  ['double-quoted', (text) => `a: "${text}"`],
  ['single-quoted', (text) => `a: '${text}'`],
  ['with escapes', (text) => `a: "${text}\\n"`],
  ['folded over lines', (text) => `a: ${text.replaceAll(/.{100}/g, '$& \n   ')}`],
  ['as a block', (text) => `a: |\n  ${text}`],
  ['as a key', (text) => `? ${text}`],
  ['in a list', (text) => `[${text}]`],
];

test.each(FORMS)('an endless string is refused: %s', (_name, write) => {
  const { root, errors } = parseYaml(new SourceText('f.yaml', write('x'.repeat(LIMIT + 200))));
  expect(root).toBeUndefined();
  expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining(`a string of more than ${LIMIT} characters`)]);
});

test.each(FORMS)('one that is not quite so long is read: %s', (_name, write) => {
  expect(parseYaml(new SourceText('f.yaml', write('x'.repeat(LIMIT - 200)))).errors).toEqual([]);
});
