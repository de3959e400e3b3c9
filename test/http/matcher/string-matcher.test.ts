import type { JsonObject } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { fakeRuntime } from '../route/route-fixture.ts';
import { compileRegexMatcher } from '../../../src/http/matcher/regex-matcher.ts';
import { compileStringMatcher } from '../../../src/http/matcher/string-matcher.ts';
import { compileWith, message } from './matcher-fixture.ts';

const compile = (json: JsonObject) =>
  compileWith((at, context) => compileStringMatcher(message('envoy.type.matcher.v3.StringMatcher', json), at, context));

test.each([
  [{ exact: 'Ab' }, ['Ab'], ['ab', 'Abc', '']],
  [{ prefix: 'Ab' }, ['Ab', 'Abc'], ['ab', 'xAb']],
  [{ suffix: 'Ab' }, ['Ab', 'xAb'], ['ab', 'Abx']],
  [{ contains: 'Ab' }, ['Ab', 'xAbx'], ['ab', 'A-b']],
  [{ exact: 'Ab', ignoreCase: true }, ['aB', 'AB'], ['abc', 'a']],
  [{ prefix: 'Ab', ignoreCase: true }, ['aBc'], ['xab', 'a']],
  [{ suffix: 'Ab', ignoreCase: true }, ['xaB'], ['abx', 'b']],
  [{ contains: 'Ab', ignoreCase: true }, ['xaBx'], ['a-b']],
  [{ safeRegex: { regex: 'a|b' } }, ['a', 'b'], ['ab', 'A']],
  [{ exact: 'é' }, ['\xc3\xa9'], ['\xe9']],
] as [JsonObject, string[], string[]][])('%j', (json, taken, left) => {
  const { result, errors } = compile(json);
  expect(errors).toEqual([]);
  for (const text of taken) expect(result!.matches(text)).toBe(true);
  for (const text of left) expect(result!.matches(text)).toBe(false);
});

test('ignore_case folds ASCII letters only', () => {
  expect(compile({ exact: '\u00e9', ignoreCase: true }).result!.matches('\xc3\x89')).toBe(false);
});

test('what cannot be done is reported', () => {
  expect(compile({ safeRegex: { regex: '(' } }).errors).toEqual(['safe_regex.regex: missing ): (']);
  expect(compile({ safeRegex: { regex: 'a' }, ignoreCase: true }).errors).toEqual(['ignore_case: ignore_case has no effect for safe_regex.']);
  expect(compile({ custom: { name: 'x' } }).errors).toEqual(['custom: custom string matchers are not supported']);
});

describe('the size of a regex program', () => {
  const errors = (json: JsonObject, runtime = fakeRuntime({})): string[] =>
    compileWith((at, context) => compileRegexMatcher(message('envoy.type.matcher.v3.RegexMatcher', json), at, context), runtime).errors;

  test('is limited to 100', () => {
    expect(errors({ regex: '[a-z]{96}' })).toEqual([]);
    expect(errors({ regex: '[a-z]{97}' })).toEqual([
      "regex: regex '[a-z]{97}' RE2 program size of 101 > max program size of 100 set for the error level threshold. Increase configured max program size if necessary.",
    ]);
  });

  test('may be raised by the runtime', () => {
    expect(errors({ regex: '[a-z]{97}' }, fakeRuntime({ 're2.max_program_size.error_level': 101 }))).toEqual([]);
  });

  test('may have a limit of its own', () => {
    expect(errors({ regex: '[a-z]{97}', googleRe2: { maxProgramSize: 101 } })).toEqual([]);
    expect(errors({ regex: 'ab', googleRe2: { maxProgramSize: 5 } })).toEqual([
      "regex: regex 'ab' RE2 program size of 6 > max program size of 5. Increase configured max program size if necessary.",
    ]);
  });
});
