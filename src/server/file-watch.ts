import { dirname, resolve } from 'node:path';
import { fs } from '../core/node-modules.ts';
import type { Timer, Timers } from '../core/timers.ts';

/** Editors and Kubernetes change a file in several steps: what comes together is one change. */
const QUIET_MS = 100;

export interface FileWatch {
  close(): void;
}

/**
 * Calls `onChange` after one of the files has changed. Their folders are watched: a file that is replaced by renaming, or reached through a symbolic
 * link that is swapped (as Kubernetes does with `..data`), changes there.
 */
export function watchFiles(paths: readonly string[], timers: Timers, onChange: () => void): FileWatch {
  return watchFolders(paths.map((path) => dirname(resolve(path))), timers, onChange);
}

export function watchFolders(paths: readonly string[], timers: Timers, onChange: () => void): FileWatch {
  let timer: Timer | undefined;
  const arm = (): void => {
    timer?.disarm();
    timer = timers.after(QUIET_MS, { onTimer: onChange });
  };
  const watchers = [...new Set(paths)].map((folder) => fs.watch(folder, { persistent: false }, arm));
  return {
    close: () => {
      timer?.disarm();
      for (const watcher of watchers) watcher.close();
    },
  };
}
