import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import { type Logger, silentLogger } from '../../src/core/log.ts';
import { Timers } from '../../src/core/timers.ts';
import { watchFiles } from '../../src/server/file-watch.ts';
import { Running, until } from '../integration/running.ts';

const running = new Running();
afterEach(() => running.end());

/** Watches `folder/file`; `next()` resolves when a change has been told, however long that takes by the manual clock. */
function watch(folder: string) {
  const clock = new ManualClock();
  const timers = new Timers(clock);
  const warnings: string[] = [];
  const log: Logger = { ...silentLogger, warning: (message) => warnings.push(message) };
  let changes = 0;
  const watched = watchFiles([join(folder, 'file')], { timers, log, onChange: () => changes++ });
  running.onEnd(() => {
    watched.close();
    timers.close();
  });
  const pass = (): number => {
    clock.advance(2_000);
    timers.expire();
    return changes;
  };
  const next = async (): Promise<void> => {
    const seen = changes;
    await until(pass, (now) => now > seen);
  };
  return { warnings, pass, next };
}

test('a change is told, and the next one too', async () => {
  const folder = running.folder();
  const { next, warnings } = watch(folder);
  for (const text of ['first', 'second']) {
    writeFileSync(join(folder, 'file'), text);
    await next();
  }
  expect(warnings).toEqual([]);
});

test('a folder that is removed and comes again is watched again', async () => {
  const folder = join(running.folder(), 'folder');
  mkdirSync(folder);
  const { next, warnings } = watch(folder);
  rmSync(folder, { recursive: true });
  await next();
  expect(warnings).toEqual([expect.stringContaining('changes are not seen: ENOENT')]);
  mkdirSync(folder);
  await next();
  writeFileSync(join(folder, 'file'), 'x');
  await next();
  expect(warnings).toHaveLength(1);
});

test('a folder that takes the place of another is watched', async () => {
  const parent = running.folder();
  const [folder, other] = [join(parent, 'folder'), join(parent, 'other')];
  mkdirSync(folder);
  mkdirSync(other);
  const { next, warnings } = watch(folder);
  renameSync(folder, join(parent, 'old'));
  renameSync(other, folder);
  await next();
  writeFileSync(join(folder, 'file'), 'x');
  await next();
  expect(warnings).toEqual([]);
});

test('a folder that is not there is waited for', async () => {
  const folder = join(running.folder(), 'folder');
  const { next, pass, warnings } = watch(folder);
  expect([pass(), pass()]).toEqual([0, 0]);
  expect(warnings).toHaveLength(1);
  mkdirSync(folder);
  await next();
});
