/** Conditions: strings, headers, queries, cookies, routes. */

import type { Dice } from './dice.ts';
import { NAMES, PLAIN_SEGMENTS, QUERY_NAMES, REGEXES, RUNTIME, SEGMENTS, VALUES } from './words.ts';

export const plainPath = (dice: Dice): string => `/${dice.list(0, 3, () => dice.pick(PLAIN_SEGMENTS)).join('/')}`;

export const stringMatch = (dice: Dice): object => {
  const value = dice.pick(VALUES);
  const ignoreCase = dice.chance(0.2) && { ignore_case: true };
  const filled = value === '' ? 'on' : value;
  return dice.make<object>([
    () => ({ exact: value, ...ignoreCase }),
    () => ({ prefix: filled.slice(0, 2), ...ignoreCase }),
    () => ({ suffix: filled.slice(-2), ...ignoreCase }),
    () => ({ contains: filled.slice(-2), ...ignoreCase }),
    () => ({ safe_regex: { regex: dice.pick(REGEXES) } }),
  ]);
};

const headerName = (dice: Dice): string => (dice.chance(0.3) ? dice.pick([':method', ':path', ':authority', ':scheme', 'host', 'Host', 'X-A']) : dice.pick(NAMES));

const headerCondition = (dice: Dice): object => {
  const filled = dice.pick(VALUES.filter((value) => value !== ''));
  return dice.make<object>([
    () => ({ present_match: dice.chance(0.7) }),
    () => ({}),
    () => ({ string_match: stringMatch(dice) }),
    () => ({ string_match: stringMatch(dice) }),
    () => ({ range_match: { start: dice.pick([-10, 0, 1]), end: dice.pick([1, 2, 13]) } }),
    () => ({ exact_match: filled }),
    () => ({ prefix_match: filled.slice(0, 1) }),
    () => ({ suffix_match: filled.slice(-1) }),
    () => ({ contains_match: filled.slice(0, 2) }),
    () => ({ safe_regex_match: { regex: dice.pick(REGEXES) } }),
  ]);
};

export const headerMatch = (dice: Dice): object => ({
  name: headerName(dice),
  ...headerCondition(dice),
  ...(dice.chance(0.25) && { invert_match: true }),
  ...(dice.chance(0.2) && { treat_missing_header_as_empty: true }),
});

const queryMatch = (dice: Dice): object => ({
  name: dice.pick(QUERY_NAMES.filter((name) => name !== '')),
  ...dice.make<object>([() => ({}), () => ({ present_match: dice.chance(0.6) }), () => ({ string_match: stringMatch(dice) })]),
});

const cookieMatch = (dice: Dice): object => ({ name: dice.pick(['a', 'b']), string_match: stringMatch(dice), ...(dice.chance(0.2) && { invert_match: true }) });

const share = (dice: Dice): object => ({
  default_value: { numerator: dice.pick([0, 100]), denominator: 'HUNDRED' },
  ...(dice.chance(0.6) && { runtime_key: dice.pick([...Object.keys(RUNTIME), 'share.unknown']) }),
});

const pathMatch = (dice: Dice): object =>
  dice.make<object>([
    () => ({ prefix: '/' }),
    () => ({ prefix: plainPath(dice) }),
    () => ({ prefix: `/${dice.pick(SEGMENTS)}` }),
    () => ({ path: plainPath(dice) }),
    () => ({ path_separated_prefix: plainPath(dice).replace(/^\/$/, '/a').replace(/\/$/, '') }),
    () => ({ safe_regex: { regex: dice.pick(REGEXES) } }),
  ]);

export const routeMatch = (dice: Dice): object => ({
  ...pathMatch(dice),
  ...(dice.chance(0.15) && { case_sensitive: false }),
  ...(dice.chance(0.3) && { headers: dice.list(1, 2, () => headerMatch(dice)) }),
  ...(dice.chance(0.2) && { query_parameters: dice.list(1, 2, () => queryMatch(dice)) }),
  ...(dice.chance(0.07) && { cookies: dice.list(1, 2, () => cookieMatch(dice)) }),
  ...(dice.chance(0.1) && { runtime_fraction: share(dice) }),
  ...(dice.chance(0.05) && { grpc: {} }),
});
