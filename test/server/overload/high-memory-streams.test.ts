import { expect, it } from 'vitest';
import { MAX_STREAMS_GIVEN_UP, resetHighMemoryStreams } from '../../../src/server/overload/high-memory-streams.ts';

/** Gives the sizes of those that are given up, in order. */
function givenUp(sizes: readonly number[], state: number, minPowerOfTwo: number): number[] {
  const gone: number[] = [];
  const streams = sizes.map((heldBytes) => ({ heldBytes, giveUp: () => gone.push(heldBytes) }));
  expect(resetHighMemoryStreams(streams, state, minPowerOfTwo)).toBe(gone.length);
  return gone;
}

const POWERS = [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22].map((power) => 2 ** power);

it('gives up by the state of the action, those that hold most first', () => {
  expect(givenUp(POWERS, 1, 14)).toEqual([2 ** 21, 2 ** 22, 2 ** 20, 2 ** 19, 2 ** 18, 2 ** 17, 2 ** 16, 2 ** 15, 2 ** 14]);
  expect(givenUp(POWERS, 0.125, 14)).toEqual([2 ** 21, 2 ** 22, 2 ** 20]);
  expect(givenUp(POWERS, 0.1, 14)).toEqual([2 ** 21, 2 ** 22]);
  expect(givenUp(POWERS, 0.6, 14)).toEqual([2 ** 21, 2 ** 22, 2 ** 20, 2 ** 19, 2 ** 18, 2 ** 17]);
});

it('leaves those that hold less than is counted, or nothing', () => {
  expect(givenUp([0, 1, 16_383], 1, 14)).toEqual([]);
  expect(givenUp([2 ** 40], 1, Infinity)).toEqual([]);
});

it('leaves what is more than may end at once', () => {
  expect(givenUp(Array.from({ length: MAX_STREAMS_GIVEN_UP + 20 }, () => 100_000), 1, 14)).toHaveLength(MAX_STREAMS_GIVEN_UP);
});
