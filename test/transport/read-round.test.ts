import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { endRound } from '../../src/core/round.ts';
import { isLent, readSlots, SLOT_BYTES } from '../../src/transport/read-buffers.ts';
import { readRound, type StagedReader } from '../../src/transport/read-round.ts';

const told: string[] = [];

class Reader implements StagedReader {
  isStaged = false;
  readonly name: string;
  act: () => void = () => {};

  constructor(name: string) {
    this.name = name;
  }

  deliver(bytes: Buffer, length: number): void {
    told.push(`${this.name}:${bytes.toString('latin1', 0, length)}${isLent(bytes) ? '' : ' not lent'}`);
    this.act();
  }
}

function stage(reader: Reader, text: string): boolean {
  const bytes = Buffer.from(text, 'latin1');
  const isStaged = readRound.stage(reader, bytes, bytes.length);
  bytes.fill('!');
  return isStaged;
}

function taken(): string[] {
  return told.splice(0);
}

describe('reads of one round', () => {
  it('are delivered when all have been made, in their order', async () => {
    const [a, b] = [new Reader('a'), new Reader('b')];
    expect([stage(a, 'one'), stage(b, 'two')]).toEqual([true, true]);
    expect(taken()).toEqual([]);
    await setImmediate();
    expect(taken()).toEqual(['a:one', 'b:two']);
    expect([a.isStaged, b.isStaged]).toEqual([false, false]);
  });

  it('leave large ones to be acted upon at once, after what the same reader has staged', () => {
    const [a, b] = [new Reader('a'), new Reader('b')];
    stage(a, 'one');
    expect(stage(b, 'x'.repeat(SLOT_BYTES + 1))).toBe(false);
    expect(taken()).toEqual([]);
    expect(stage(a, 'x'.repeat(SLOT_BYTES + 1))).toBe(false);
    expect(taken()).toEqual(['a:one']);
    endRound();
  });

  it('come early when a reader reads again and when no slot is left', () => {
    const a = new Reader('a');
    stage(a, 'one');
    stage(a, 'two');
    expect(taken()).toEqual(['a:one']);
    const others = readSlots.map((_, index) => new Reader(String(index)));
    for (const other of others) stage(other, '-');
    expect(taken()).toEqual(['a:two', ...others.slice(0, -1).map(({ name }) => `${name}:-`)]);
    endRound();
    expect(taken()).toEqual([`${others.at(-1)!.name}:-`]);
  });

  it('can be taken back', () => {
    const [a, b] = [new Reader('a'), new Reader('b')];
    stage(a, 'one');
    stage(b, 'two');
    expect(readRound.take(a).toString()).toBe('one');
    expect(readRound.take(a).length).toBe(0);
    endRound();
    expect(taken()).toEqual(['b:two']);
  });

  it('reach the others when one reader fails', () => {
    const [a, b] = [new Reader('a'), new Reader('b')];
    a.act = () => {
      throw new Error('broken');
    };
    stage(a, 'one');
    stage(b, 'two');
    expect(() => readRound.deliver()).toThrow('broken');
    expect(taken()).toEqual(['a:one', 'b:two']);
    endRound();
  });
});
