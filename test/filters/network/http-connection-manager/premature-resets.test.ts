import { expect, test } from 'vitest';
import type { Runtime } from '../../../../src/core/runtime.ts';
import { PrematureResets } from '../../../../src/filters/network/http-connection-manager/premature-resets.ts';

const resets = (values: Readonly<Record<string, number>> = {}): PrematureResets =>
  new PrematureResets({ number: (key: string, otherwise: number) => values[key.replace('overload.premature_reset_', '')] ?? otherwise } as unknown as Runtime);

/** How many streams of this kind it takes. */
function streamsUntilClosed(subject: PrematureResets, lifetimeMs: number, answered = false): number | undefined {
  for (let count = 1; count <= 2_000; count++) if (subject.onStreamEnd(lifetimeMs, answered)) return count;
  return undefined;
}

test('half of five hundred streams that are taken back at once are too many', () => {
  expect(streamsUntilClosed(resets(), 0)).toBe(250);
});

test('lifetimes are compared in whole seconds', () => {
  expect(streamsUntilClosed(resets(), 1_999)).toBe(250);
  expect(streamsUntilClosed(resets(), 2_000)).toBeUndefined();
  expect(streamsUntilClosed(resets({ min_stream_lifetime_seconds: 0 }), 999)).toBe(250);
  expect(streamsUntilClosed(resets({ min_stream_lifetime_seconds: 0 }), 1_000)).toBeUndefined();
});

test('an answered stream is not premature', () => {
  expect(streamsUntilClosed(resets(), 0, true)).toBeUndefined();
});

test('beyond the total it is their share that counts', () => {
  const subject = resets({ total_stream_count: 10 });
  for (let answered = 0; answered < 10; answered++) expect(subject.onStreamEnd(0, true)).toBe(false);
  expect(streamsUntilClosed(subject, 0)).toBe(10);
});
