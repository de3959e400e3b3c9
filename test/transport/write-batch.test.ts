import { describe, expect, test } from 'vitest';
import type { JoinedWriter } from '../../src/transport/write-batch.ts';
import { enterCallback, leaveCallback, markDirty } from '../../src/transport/write-batch.ts';
import { turns } from './world.ts';

function writer(onFlush: () => void = () => {}): JoinedWriter & { flushed: number } {
  return {
    flushed: 0,
    flushJoined() {
      this.flushed++;
      onFlush();
    },
  };
}

/** Runs `task` as the transport runs a callback of an owner. */
function callback(task: () => void): void {
  enterCallback();
  try {
    task();
  } finally {
    leaveCallback();
  }
}

describe('joined writes', () => {
  test('leave when the outermost callback returns', () => {
    const inner = writer();
    callback(() => {
      callback(() => markDirty(inner));
      expect(inner.flushed).toBe(0);
    });
    expect(inner.flushed).toBe(1);
  });

  test('leave at the end of the turn outside of callbacks, after promises have run', async () => {
    const late = writer();
    markDirty(late);
    await Promise.resolve();
    expect(late.flushed).toBe(0);
    await turns(1);
    expect(late.flushed).toBe(1);
  });

  test('that a flush brings about leave with it', () => {
    const second = writer();
    const first = writer(() => callback(() => markDirty(second)));
    callback(() => markDirty(first));
    expect([first.flushed, second.flushed]).toEqual([1, 1]);
  });

  test('leave although the callback threw, and the error surfaces', () => {
    const kept = writer();
    expect(() =>
      callback(() => {
        markDirty(kept);
        throw new Error('a bug');
      }),
    ).toThrow('a bug');
    expect(kept.flushed).toBe(1);
    const next = writer();
    callback(() => markDirty(next));
    expect(next.flushed).toBe(1);
  });

  test('of others leave soon after one that threw', async () => {
    const broken = writer(() => {
      throw new Error('a bug');
    });
    const other = writer();
    enterCallback();
    markDirty(broken);
    markDirty(other);
    expect(() => leaveCallback()).toThrow('a bug');
    await turns(2);
    expect([broken.flushed, other.flushed]).toEqual([1, 1]);
  });

  test('that never stop let the event loop turn', async () => {
    let wanted = true;
    const endless: JoinedWriter & { flushed: number } = writer(() => {
      if (wanted) markDirty(endless);
    });
    callback(() => markDirty(endless));
    expect(endless.flushed).toBe(65_536);
    await turns(3);
    expect(endless.flushed).toBeGreaterThan(65_536);
    wanted = false;
    await turns(2);
    const last = endless.flushed;
    await turns(2);
    expect(endless.flushed).toBe(last);
  });
});
