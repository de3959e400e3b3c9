import { expect, test } from 'vitest';
import { AcceptGate } from '../../src/transport/accept-gate.ts';
import { turns } from './world.ts';

function gate(holdLimit: number): { gate: AcceptGate<number>; admitted: number[]; refused: number[] } {
  const admitted: number[] = [];
  const refused: number[] = [];
  const admission = { admit: (raw: number) => void admitted.push(raw), refuse: (raw: number) => void refused.push(raw) };
  return { gate: new AcceptGate(admission, holdLimit), admitted, refused };
}

test('what arrives while paused is held in order up to the limit, and refused beyond', async () => {
  const { gate: held, admitted, refused } = gate(2);
  held.pause();
  for (const raw of [1, 2, 3]) held.offer(raw);
  expect([admitted, refused]).toEqual([[], [3]]);
  held.resume();
  expect(admitted).toEqual([]);
  await turns(1);
  expect(admitted).toEqual([1, 2]);
});

test('pausing again before the held are admitted keeps them held', async () => {
  const { gate: held, admitted } = gate(2);
  held.pause();
  held.offer(1);
  held.resume();
  held.pause();
  await turns(2);
  expect(admitted).toEqual([]);
});

test('quiet comes with the first turn without arrivals', async () => {
  const { gate: open, admitted } = gate(2);
  let left = 5;
  const arrive = (): void => {
    if (left-- <= 0) return;
    open.offer(left);
    setImmediate(arrive);
  };
  arrive();
  await open.quiet(1000);
  expect(admitted).toEqual([4, 3, 2, 1, 0]);
});

test('quiet does not wait for arrivals that never end', async () => {
  const { gate: open, admitted } = gate(2);
  let wanted = true;
  const arrive = (): void => {
    open.offer(0);
    if (wanted) setImmediate(arrive);
  };
  arrive();
  await open.quiet(10);
  wanted = false;
  expect(admitted.length).toBeLessThan(20);
});
