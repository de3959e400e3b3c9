import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DateFormat, hasNewline } from '../../../src/http/format/date-format.ts';

const MOMENT = Date.UTC(2026, 10, 21, 11, 2, 10) + 953.691;

/** Written by Envoy 1.40 for this moment. */
const WRITTEN: Readonly<Record<string, string>> = {
  '%a %A': 'Sat Saturday',
  '%b %B %h': 'Nov November Nov',
  '%c': 'Sat Nov 21 11:02:10 2026',
  '%C %y %Y %g %G': '20 26 2026 26 2026',
  '%d %e %j': '21 21 325',
  '%D %x %F': '11/21/26 11/21/26 2026-11-21',
  '%H %I %k %l %M %S': '11 11 11 11 02 10',
  '%p %P %r %R %T %X': 'AM am 11:02:10 AM 11:02 11:02:10 11:02:10',
  '%u %w %U %V %W': '6 6 46 47 46',
  '%z %Z %Ez %E*z %:z %::z': '+0000 UTC +00:00 +00:00:00 +00:00 +00:00:00',
  '%s %3s %9s': '1795258930 1795258930 1795258930',
  '%f %1f %3f %6f %9f': '953691000 9 953 953691 953691000',
  '%s%f': '1795258930953691000',
  '%E4S %E3f %E*f %E*S': '10.9536 953 953691 10.953691',
  '%Y-%m-%dT%H:%M:%E3SZ': '2026-11-21T11:02:10.953Z',
  '%%f %%3f %%': '%953691000 %953 %',
  '%E4Y %ET %Od': '2026 T 21',
  '%-d %_d %5Y %1H': '21 21 02026 11',
  '%N %q %v %Q %i %K %J %L %E': '%N %q %v %Q %i %K %J %L %E',
  'abc%': 'abc%',
  x: 'x',
};

describe('a date', () => {
  it.each(Object.entries(WRITTEN))('by %s is what Envoy writes', (pattern, expected) => {
    expect(new DateFormat(pattern, false).format(MOMENT)).toBe(expected);
  });

  it('pads days, hours and weeks at the start of a year', () => {
    const format = new DateFormat('%e|%k|%l|%j|%U|%V|%W|%G|%-d|%p', false);
    expect(format.format(Date.UTC(2027, 0, 1, 0, 5))).toBe(' 1| 0|12|001|00|53|00|2026|1|AM');
    expect(format.format(Date.UTC(2027, 0, 4, 13))).toBe(' 4|13| 1|004|01|01|01|2027|4|PM');
  });

  it('changes with the second and with its fraction', () => {
    const format = new DateFormat('%S.%3f', false);
    expect(format.format(999)).toBe('00.999');
    expect(format.format(1000.5)).toBe('01.000');
    expect(format.format(999.9996)).toBe('00.999');
  });

  it('equals ISO 8601 for any moment', () => {
    const format = new DateFormat('%Y-%m-%dT%H:%M:%E3SZ', false);
    fc.assert(fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (ms) => void expect(format.format(ms)).toBe(new Date(ms).toISOString())));
  });

  it('takes any pattern', () => {
    const pattern = fc.array(fc.oneof(fc.constantFrom('%', 'E', 'O', '*', ':', '3', '_', '-', '^', 'f', 's', 'S', 'z', 'Y'), fc.string({ maxLength: 2 })), { maxLength: 10 });
    fc.assert(fc.property(pattern, fc.boolean(), (parts, local) => void expect(typeof new DateFormat(parts.join(''), local).format(MOMENT)).toBe('string')));
  });

  it('knows patterns that would break the line', () => {
    expect(['%n', '%-5En', '%0n', '%%n'].every(hasNewline)).toBe(true);
    expect(['%t', '%m', '%N', 'n'].some(hasNewline)).toBe(false);
  });
});
