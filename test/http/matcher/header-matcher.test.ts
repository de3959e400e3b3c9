import type { JsonObject } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { HeaderMap } from '../../../src/http/header-map.ts';
import { compileHeaderMatcher } from '../../../src/http/matcher/header-matcher.ts';
import { compileWith, message } from './matcher-fixture.ts';

function matches(json: JsonObject, values: readonly string[]): boolean {
  const { result } = compileWith((at, context) => compileHeaderMatcher(message('envoy.config.route.v3.HeaderMatcher', { name: 'X-A', ...json }), at, context));
  const headers = new HeaderMap();
  for (const value of values) headers.addText('x-a', value);
  return result!.matches(headers);
}

/** Per matcher, for the values below: plain, and inverted; as Envoy 1.40 answers. */
const VALUES = [[], [''], ['v'], ['5'], ['10'], ['-3'], ['5x'], ['pre1'], ['1suf'], ['amidb'], ['aaa'], ['VAL'], ['v', 'w'], ['w', 'v'], ['w', 'x'], ['v,w']];
const ANSWERS: readonly (readonly [name: string, json: JsonObject, plain: string, inverted: string])[] = [
  ['exact_match', { exactMatch: 'v' }, '0010000000001100', '0101111111110011'],
  ['exact_match of nothing', { exactMatch: '' }, '0111111111111111', '0000000000000000'],
  ['range_match', { rangeMatch: { start: '1', end: '10' } }, '0001000000000000', '0110111111111111'],
  ['present_match', { presentMatch: true }, '0111111111111111', '1000000000000000'],
  ['present_match: false', { presentMatch: false }, '1000000000000000', '0111111111111111'],
  ['no matcher', {}, '0111111111111111', '1000000000000000'],
  ['prefix_match', { prefixMatch: 'pre' }, '0000000100000000', '0111111011111111'],
  ['suffix_match', { suffixMatch: 'suf' }, '0000000010000000', '0111111101111111'],
  ['contains_match', { containsMatch: 'mid' }, '0000000001000000', '0111111110111111'],
  ['safe_regex_match', { safeRegexMatch: { regex: 'a+' } }, '0000000000100000', '0111111111011111'],
  ['string_match', { stringMatch: { exact: 'val', ignoreCase: true } }, '0000000000010000', '0111111111101111'],
  ['string_match of nothing', { stringMatch: { exact: '' } }, '0100000000000000', '0011111111111111'],
];

describe.each(ANSWERS)('%s', (_name, json, plain, inverted) => {
  test.each(VALUES.map((values, at) => [values, plain[at] === '1', inverted[at] === '1'] as const))('on %j: %s, inverted %s', (values, yes, inverse) => {
    expect(matches(json, values)).toBe(yes);
    expect(matches({ ...json, invertMatch: true }, values)).toBe(inverse);
  });

  test('treat_missing_header_as_empty answers as for an empty header', () => {
    for (const invertMatch of [false, true]) {
      const missingIsEmpty = { ...json, invertMatch, treatMissingHeaderAsEmpty: true };
      expect(matches(missingIsEmpty, [])).toBe(matches({ ...json, invertMatch }, ['']));
    }
  });
});

test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])('a header called %s is a header like others', (name) => {
  const { result } = compileWith((at, context) => compileHeaderMatcher(message('envoy.config.route.v3.HeaderMatcher', { name, presentMatch: true }), at, context));
  const headers = new HeaderMap();
  expect(result!.matches(headers)).toBe(false);
  headers.addText(name.toLowerCase(), '');
  expect(result!.matches(headers)).toBe(true);
});

test('a range takes signs and white space around 64-bit numbers, and nothing else', () => {
  const inRange = (value: string): boolean => matches({ rangeMatch: { start: '-9223372036854775808', end: '9223372036854775807' } }, [value]);
  for (const value of ['0', '-1', '+7', ' 12\t', '007', '-9223372036854775808', '9223372036854775806']) expect(inRange(value)).toBe(true);
  for (const value of ['', '-', '1e3', '0x1', '1.0', '9223372036854775808', '9'.repeat(60)]) expect(inRange(value)).toBe(false);
});

test('pseudo-headers are matched by their names, the host by both of its', () => {
  const headers = new HeaderMap();
  Object.assign(headers, { method: 'GET', path: '/a?b', authority: 'a.com', scheme: 'http' });
  const exact = (name: string, value: string): boolean =>
    compileWith((at, context) =>
      compileHeaderMatcher(message('envoy.config.route.v3.HeaderMatcher', { name, stringMatch: { exact: value } }), at, context),
    ).result!.matches(headers);
  expect(exact(':method', 'GET')).toBe(true);
  expect(exact(':path', '/a?b')).toBe(true);
  expect(exact(':authority', 'a.com')).toBe(true);
  expect(exact('Host', 'a.com')).toBe(true);
  expect(exact(':scheme', 'http')).toBe(true);
  expect(exact(':protocol', 'websocket')).toBe(false);
});
