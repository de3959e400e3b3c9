import { afterEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import { reducedTimeout } from '../../src/core/overload.ts';
import { Timer, Timers } from '../../src/core/timers.ts';

test('a timeout shrinks evenly from itself to its floor', () => {
  expect([0, 0.5, 1].map((state) => reducedTimeout(100, { ms: 20 }, state))).toEqual([100, 60, 20]);
  expect(reducedTimeout(100, { share: 0.1 }, 1)).toBe(10);
  expect(reducedTimeout(100, undefined, 1)).toBe(100);
  expect(reducedTimeout(10, { ms: 20 }, 1)).toBe(10);
});

describe('timers whose timeout an overloaded process shortens', () => {
  const clock = new ManualClock();
  const timers = new Timers(clock);
  const fired: number[] = [];
  const owner = { onTimer: (tag: number) => fired.push(tag) };
  const reduceTo = (state: number): void => timers.reduce({ states: { reduce_timeouts: state }, timeoutFloors: { 'connection-idle': { share: 0.1 } } });
  const at = (ms: number): void => {
    clock.advance(ms - clock.monotonicMs());
    timers.expire();
  };
  afterEach(() => timers.close());

  test('fire sooner, those that were armed before as well, and later again when it is over', () => {
    const list = timers.reducibleList('connection-idle', 1000);
    list.arm(new Timer(owner, 1));
    at(50);
    list.arm(new Timer(owner, 2));
    reduceTo(1);
    at(100);
    expect(fired).toEqual([1]);
    reduceTo(0);
    at(1000);
    expect(fired).toEqual([1]);
    at(1050);
    expect(fired).toEqual([1, 2]);
  });

  test('are not those of another kind, nor those that came from `list`', () => {
    reduceTo(1);
    const others = [timers.list(1000), timers.reducibleList('stream-idle', 1000)];
    others.forEach((list, index) => list.arm(new Timer(owner, 10 + index)));
    at(clock.monotonicMs() + 999);
    expect(fired).not.toContain(10);
    expect(fired).not.toContain(11);
  });
});
