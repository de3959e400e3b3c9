import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { atRoundEnd, endRound, limitRound, type RoundTask } from '../../src/core/round.ts';

class Task implements RoundTask {
  done = 0;
  action: () => void = () => {};
  onRoundEnd(): void {
    this.done++;
    this.action();
  }
}

describe('the end of a round', () => {
  it('comes before the event loop looks at its sockets again', async () => {
    const task = new Task();
    atRoundEnd(task);
    expect(task.done).toBe(0);
    await setImmediate();
    expect(task.done).toBe(1);
  });

  it('comes once, and what it causes waits for the next one', () => {
    const task = new Task();
    task.action = () => {
      if (task.done === 1) atRoundEnd(task);
    };
    atRoundEnd(task);
    endRound();
    expect(task.done).toBe(1);
    endRound();
    expect(task.done).toBe(2);
    endRound();
    expect(task.done).toBe(2);
  });

  it('is followed by that of what it caused, in another turn', async () => {
    const task = new Task();
    task.action = () => {
      if (task.done === 1) atRoundEnd(task);
    };
    atRoundEnd(task);
    await setImmediate();
    expect(task.done).toBe(1);
    await setImmediate();
    expect(task.done).toBe(2);
  });

  it('comes early when 64 wait for it', () => {
    const tasks = Array.from({ length: 64 }, () => new Task());
    for (const task of tasks.slice(1)) {
      atRoundEnd(task);
      limitRound();
    }
    expect(tasks[1]!.done).toBe(0);
    atRoundEnd(tasks[0]!);
    limitRound();
    expect(tasks.every(({ done }) => done === 1)).toBe(true);
  });

  it('comes for the others when one fails', () => {
    const [broken, other] = [new Task(), new Task()];
    broken.action = () => {
      throw new Error('broken');
    };
    atRoundEnd(broken);
    atRoundEnd(other);
    expect(endRound).toThrow('broken');
    endRound();
    expect(other.done).toBe(1);
  });
});
