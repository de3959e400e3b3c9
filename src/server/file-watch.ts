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
  return watchFolders(paths.map(folderOf), options);
}

/** In which the file is replaced. */
export function folderOf(path: string): string {
  return dirname(resolve(path));
}

export function watchFolders(paths: readonly string[], options: WatchOptions): FileWatch {
  return watchEach([...new Set(paths)].map((path) => new FolderWatch(path, () => true, options)));
}

/** Something is renamed in a folder; with `name`, to that. */
export interface RenameWatch {
  readonly folder: string;
  readonly name?: string;
}

/** The same for what is replaced and not written in place: nobody sees half of a file. */
export function watchRenames(watches: readonly RenameWatch[], options: WatchOptions): FileWatch {
  const folders = new Map<string, Set<string | undefined>>();
  for (const { folder, name } of watches) folders.set(folder, (folders.get(folder) ?? new Set()).add(name));
  const concerns = (names: ReadonlySet<string | undefined>) => (event: string, name: string | null) => event === 'rename' && (names.has(undefined) || name === null || names.has(name));
  return watchEach([...folders].map(([folder, names]) => new FolderWatch(folder, concerns(names), options)));
}

function watchEach(folders: readonly FileWatch[]): FileWatch {
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
  readonly #concerns: (event: string, name: string | null) => boolean;
  readonly #options: WatchOptions;
  readonly #timer = new Timer(this);
  #watcher: FSWatcher | undefined;
  #lost = false;

  constructor(path: string, concerns: (event: string, name: string | null) => boolean, options: WatchOptions) {
    this.#path = path;
    this.#concerns = concerns;
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
      this.#watcher = fs.watch(this.#path, { persistent: false }, (event, name) => this.#concerns(event, name) && this.#arm(QUIET_MS));
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
