import fc from 'fast-check';
import { expect, test } from 'vitest';
import { generalText, roundTripText, shortestText } from '../../../src/core/stats/number-text.ts';

test.each([
  [300_000, '3e+05', '300000', '300000', '300000'],
  [30_000, '30000', '30000', '30000', '30000'],
  [1_800_000, '1800000', '1800000', '1.8e+06', '1800000'],
  [99_500_000_000, '9.95e+10', '99500000000', '9.95e+10', '99500000000'],
  [1.25e16, '1.25e+16', '1.25e+16', '1.25e+16', '12500000000000000'],
  [110.00000000000001, '110.00000000000001', '110.00000000000001', '110', '110.000000000000014210854715202'],
  [0.0155, '0.0155', '0.0155', '0.0155', '0.015499999999999999888977697537484'],
  [1e-7, '1e-07', '1e-07', '1e-07', '9.9999999999999995474811182588626e-08'],
  [0, '0', '0', '0', '0'],
  [5.05, '5.05', '5.05', '5.05', '5.049999999999999822364316059975'],
])('%d is written as C++ writes it', (value, shortest, roundTrip, general6, general32) => {
  expect([shortestText(value), roundTripText(value), generalText(value, 6), generalText(value, 32)]).toEqual([shortest, roundTrip, general6, general32]);
});

test('what is no number is written as nan', () => {
  expect([roundTripText(NaN), generalText(NaN, 32)]).toEqual(['nan', 'nan']);
});

test('every text reads back as the number', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(Number(shortestText(value))).toBe(value === 0 ? 0 : value);
      expect(Number(roundTripText(value))).toBe(value === 0 ? 0 : value);
      expect(Number(generalText(value, 32))).toBe(value === 0 ? 0 : value);
    }),
  );
});
