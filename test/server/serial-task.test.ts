import { describe, expect, it } from 'vitest';
import { SerialTask } from '../../src/server/serial-task.ts';

interface Run {
  readonly settle: (value: string) => void;
  readonly fail: (reason: Error) => void;
}

describe('a serial task', () => {
  it('runs once more for all who ask while it runs, after it has ended', async () => {
    const runs: Run[] = [];
    const task = new SerialTask(() => new Promise<string>((settle, fail) => runs.push({ settle, fail })));
    const first = task.run();
    const second = task.run();
    const third = task.run();
    expect(runs).toHaveLength(1);
    expect(third).toBe(second);
    runs[0]!.settle('one');
    expect(await first).toBe('one');
    await Promise.resolve();
    expect(runs).toHaveLength(2);
    runs[1]!.settle('two');
    expect(await second).toBe('two');
  });

  it('runs again after a run that failed', async () => {
    const runs: Run[] = [];
    const task = new SerialTask(() => new Promise<string>((settle, fail) => runs.push({ settle, fail })));
    const first = task.run();
    const second = task.run();
    runs[0]!.fail(new Error('no'));
    await expect(first).rejects.toThrow('no');
    await Promise.resolve();
    runs[1]!.settle('two');
    expect(await second).toBe('two');
    const last = task.run();
    runs[2]!.settle('three');
    expect(await last).toBe('three');
  });
});
