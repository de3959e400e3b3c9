import type { FSWatcher } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Logger } from '../core/log.ts';
import { fs } from '../core/node-modules.ts';
import { Timer, type TimerOwner, type Timers } from '../core/timers.ts';

/** Editors and Kubernetes change a file in several steps: what comes together is one change. */
const QUIET_MS = 100;
/** How often a folder is looked for that cannot be watched. */
const RETRY_MS = 1_000;

export interface FileWatch {
  close(): void;
}

export interface WatchOptions {
  readonly timers: Timers;
  readonly log: Logger;
  onChange(): void;
}

/**
 * Calls `onChange` after one of the files has changed. Their folders are watched: a file that is replaced by renaming, or reached through a symbolic
 * link that is swapped (as Kubernetes does with `..data`), changes there.
 */
export function watchFiles(paths: readonly string[], options: WatchOptions): FileWatch {
  return watchFolders(paths.map((path) => dirname(resolve(path))), options);
}

export function watchFolders(paths: readonly string[], options: WatchOptions): FileWatch {
  const folders = [...new Set(paths)].map((path) => new FolderWatch(path, options));
  return {
    close: () => {
      for (const folder of folders) folder.close();
    },
  };
}

/**
 * A folder may be removed and come again, and then it is another one.
 *
 *   WATCHING ──event──▶ changed ──quiet──▶ watch anew, onChange ──▶ WATCHING
 *                                                └──cannot──▶ LOST ──watch again──▶ onChange, WATCHING
 */
class FolderWatch implements FileWatch, TimerOwner {
  readonly #path: string;
  readonly #options: WatchOptions;
  readonly #timer = new Timer(this);
  #watcher: FSWatcher | undefined;
  #lost = false;

  constructor(path: string, options: WatchOptions) {
    this.#path = path;
    this.#options = options;
    this.#watch();
  }

  close(): void {
    this.#timer.disarm();
    this.#watcher?.close();
  }

  onTimer(): void {
    const wasLost = this.#lost;
    // Before anybody reads what is there now, so that no change falls between.
    this.#watch();
    if (!wasLost || !this.#lost) this.#options.onChange();
  }

  #watch(): void {
    const before = this.#watcher;
    try {
      this.#watcher = fs.watch(this.#path, { persistent: false }, () => this.#arm(QUIET_MS));
      this.#watcher.on('error', (error) => this.#lose(error));
      this.#lost = false;
    } catch (error) {
      this.#watcher = undefined;
      this.#lose(error as Error);
    }
    before?.close();
  }

  #lose({ message }: Error): void {
    if (!this.#lost) this.#options.log.warning(`changes are not seen: ${message}`);
    this.#lost = true;
    this.#arm(RETRY_MS);
  }

  #arm(delayMs: number): void {
    this.#options.timers.privateList(delayMs).arm(this.#timer);
  }
}
