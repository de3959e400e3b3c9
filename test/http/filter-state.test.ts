import { describe, expect, it } from 'vitest';
import { FilterState, sharedOf, type StateSharing } from '../../src/http/filter-state.ts';

function state(...entries: readonly (readonly [string, string, StateSharing])[]): FilterState {
  const made = new FilterState();
  for (const [key, value, sharing] of entries) made.put(key, value, sharing);
  return made;
}

const objects = (...states: (FilterState | undefined)[]): unknown => sharedOf(states[0], states[1])?.objects;
const hash = (...states: (FilterState | undefined)[]): unknown => sharedOf(states[0], states[1])?.hash;

describe('what filter state shares with upstream connections', () => {
  it('is nothing where nothing is shared', () => {
    expect(sharedOf(undefined, undefined)).toBeUndefined();
    expect(sharedOf(state(['a', '1', 'none']), state(['b', '2', 'none']))).toBeUndefined();
  });

  it('is of the connection and of the stream', () => {
    expect(objects(state(['a', '1', 'shared'], ['b', '2', 'none']), state(['c', '3', 'shared']))).toEqual(new Map([['a', '1'], ['c', '3']]));
    expect(objects(undefined, state(['c', '3', 'shared']))).toEqual(new Map([['c', '3']]));
  });

  it('follows the last value of a key', () => {
    expect([objects(state(['a', '1', 'shared'], ['a', '2', 'none'])), objects(state(['a', '1', 'none'], ['a', '2', 'shared']))]).toEqual([undefined, new Map([['a', '2']])]);
  });

  it('has a hash of the values that keep connections apart', () => {
    expect(hash(state(['a', '1', 'shared']))).toBe('');
    expect(hash(state(['a', '', 'hashed']))).not.toBe('');
    expect(hash(state(['a', '1', 'hashed']))).toBe(hash(undefined, state(['b', '1', 'hashed'])));
    expect(hash(state(['a', '1', 'hashed'], ['b', '23', 'hashed']))).not.toBe(hash(state(['a', '12', 'hashed'], ['b', '3', 'hashed'])));
  });

  it('counts a connection once that is its own stream', () => {
    const own = state(['a', '1', 'hashed']);
    expect(hash(own, own)).toBe(hash(own, undefined));
  });
});
