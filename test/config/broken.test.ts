import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { formatProblem, type Problem } from '../../src/core/problems.ts';
import { ConfigurationError } from '../../src/server/configuration-error.ts';
import { Proxy } from '../../src/server/proxy.ts';

const FOLDER = fileURLToPath(new URL('broken/', import.meta.url));
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml')).sort();
/** Recorded by `npm run conformance -- --broken --record`. */
const envoySays = JSON.parse(readFileSync(`${FOLDER}envoy-says.json`, 'utf8')) as Record<string, string>;

/** How a sentence says what to write instead: the word that was meant, what is allowed, or what to do. */
const REMEDIES = [
  /did you mean '|\(one of '|set one of '|[Oo]nly one of |Specify only one of /,
  /\bexpected\b|value must be |value must contain |value does not match regex pattern /,
  /; [A-Za-z'%]/,
  /needs a|must be the last|must be greater than|must be set|Consider setting|Only unique values|Only IPv6 address/,
];

function problemsOf(path: string): readonly Problem[] {
  try {
    Proxy.validate({ path });
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

describe.each(names)('%s', (name) => {
  const problems = problemsOf(FOLDER + name);

  test('is refused, by Envoy too', () => {
    expect(problems).not.toEqual([]);
    expect(envoySays[name]).toMatch(/./);
  });

  test('is told with its place and what to do', async () => {
    for (const { position, path, message } of problems) {
      expect(position, message).toMatchObject({ file: FOLDER + name, line: expect.any(Number), column: expect.any(Number) });
      // A text that can't be read has no fields yet.
      if (!/^invalid YAML|Bootstrap\), got a list|^Unable to convert YAML/.test(message)) expect(path).not.toBe('');
      expect(REMEDIES.some((remedy) => remedy.test(message)), message).toBe(true);
    }
    const text = problems.map(formatProblem).join('\n').replaceAll(FOLDER, '');
    await expect(`${text}\n`).toMatchFileSnapshot(`${FOLDER}${name.replace('.yaml', '.problems.txt')}`);
  });
});

test('what Envoy says is recorded for these and for no others', () => {
  expect(Object.keys(envoySays).sort()).toEqual(names);
});
