import { SeededRandom } from '../../src/core/random.ts';
import { canonicalPath } from '../../src/filters/network/http-connection-manager/canonical-path.ts';
import { addressFromEnd } from '../../src/filters/network/http-connection-manager/forwarded-for.ts';
import { PathRules } from '../../src/filters/network/http-connection-manager/path-rules.ts';
import { HeaderMap } from '../../src/http/header-map.ts';
import { cookieValue } from '../../src/http/matcher/cookies.ts';
import { below, type Dice, noise, pick } from '../support/dice.ts';

/** What is read out of a request's texts, each beside the slow way to read it. */

function joined(dice: Dice, words: readonly string[], most: number): string {
  let text = '';
  for (let left = below(dice, most); left > 0; left--) text += dice() < 0.95 ? pick(dice, words) : noise(dice, 4);
  return text;
}

function expectEqual(what: string, input: string, one: unknown, other: unknown): void {
  if (one !== other) throw new Error(`${what} of ${JSON.stringify(input)}: ${JSON.stringify(one)}, not ${JSON.stringify(other)}`);
}

const COOKIE_WORDS = ['a=b', 'ab=c', 'a', '=', ';', '; ', ' ', '\t', '"', 'a="x"', 'a = b', 'b=a=c'];

export function checkCookies(seed: number): void {
  const dice = diceOf(seed);
  const line = joined(dice, COOKIE_WORDS, 12);
  const pair = line.split(';').map((part) => part.replace(/^[ \t]+/, '')).find((part) => part.startsWith('a=') && part.length >= 2);
  const value = pair?.slice(2);
  expectEqual('the cookie a', line, cookieValue(line, 'a'), value?.replace(/^"([^]*)"$/, '$1'));
}

const XFF_WORDS = ['1.2.3.4', '10.0.0.1', '::1', '2001:db8::1', ',', ', ', ',,', ' ', 'unknown', '1.2.3.4:80', '::ffff:1.2.3.4', 'fe80::1%eth0', '01.2.3.4'];

export function checkForwardedFor(seed: number): void {
  const dice = diceOf(seed);
  const xff = joined(dice, XFF_WORDS, 14);
  const entries = xff.split(',');
  const fromEnd = below(dice, 5);
  const entry = entries[entries.length - 1 - fromEnd];
  const expected = entry === undefined || xff === '' ? undefined : addressFromEnd(entry, 0)?.host;
  expectEqual(`the address ${fromEnd} from the end`, xff, addressFromEnd(xff, fromEnd)?.host, expected);
}

const PATH_WORDS = ['/', '/', '.', '..', '%2e', '%2E', '\\', 'a', '%', '%3', '%30', '0', '%2f', '%5C', ';', '..;', '"', '%41', '%00', '?', '//', 'é'];

/** No dot segment is left, nothing is unescaped twice, and what follows `?` stays as it is. */
export function checkPaths(seed: number): void {
  const dice = diceOf(seed);
  const path = `/${joined(dice, PATH_WORDS, 14)}`;
  const canonical = canonicalPath(path.replaceAll('?', ''));
  if (canonical !== undefined && (!canonical.startsWith('/') || /\\|\/\.\.?(?:\/|$)/.test(canonical))) throw new Error(`${path} has become ${canonical}`);
  const rules = new PathRules({ escapedSlashes: pick(dice, ['keep', 'reject', 'redirect', 'forward']), normalise: dice() < 0.7, mergeSlashes: dice() < 0.5 });
  const headers = new HeaderMap();
  headers.path = path;
  const queryAt = path.indexOf('?');
  if (rules.apply(headers) === 'reject') return;
  if (queryAt !== -1 && !headers.path.endsWith(path.slice(queryAt))) throw new Error(`the query of ${path} has become ${headers.path}`);
}

function diceOf(seed: number): Dice {
  const random = new SeededRandom(seed);
  return () => random.unit();
}
