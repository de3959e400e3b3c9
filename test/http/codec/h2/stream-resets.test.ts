import { expect, test } from 'vitest';
import { clock, frame, GET, PREFACE, ServerRig, SETTINGS, uint32 } from './h2-rig.ts';

const CANCEL = uint32(8);

/** How many of `count` streams a client may open and give up, from stream `first` on. */
function resets(rig: ServerRig, first: number, count: number): number {
  for (let index = 0; index < count; index++) {
    if (rig.errors > 0) return index;
    const id = first + 2 * index;
    rig.connection.receive(frame(1, 5, id, GET) + frame(3, 0, id, CANCEL));
  }
  return count;
}

function rigWith(burst: number, perSecond: number): ServerRig {
  const rig = new ServerRig({ resets: { clock, burst, perSecond } });
  rig.connection.receive(PREFACE + SETTINGS);
  return rig;
}

test('a client may give up as many streams at once as the burst says; the next one ends the connection', () => {
  const rig = rigWith(10, 1);
  expect(resets(rig, 1, 10)).toBe(10);
  expect(rig.errors).toBe(0);
  resets(rig, 21, 1);
  expect(rig.errors).toBe(1);
  expect(rig.frames().at(-1)).toMatch(/^7\/0#0 00000015 ?00000002/);
});

test('and as many in each second as the rate says', () => {
  const rig = rigWith(10, 5);
  resets(rig, 1, 10);
  clock.advance(1000);
  expect(resets(rig, 21, 5)).toBe(5);
  expect(rig.errors).toBe(0);
  resets(rig, 31, 1);
  expect(rig.errors).toBe(1);
});

test('resets of streams that have ended count as well', () => {
  const rig = rigWith(10, 1);
  resets(rig, 1, 1);
  for (let index = 0; index < 9; index++) rig.connection.receive(frame(3, 0, 1, CANCEL));
  expect(rig.errors).toBe(0);
  rig.connection.receive(frame(3, 0, 1, CANCEL));
  expect(rig.errors).toBe(1);
});
