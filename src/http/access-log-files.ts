import { serviceKey } from '../core/extension.ts';
import type { StatGroup, StatStore } from '../core/stats/stats.ts';
import type { TimerList, Timers } from '../core/timers.ts';
import { AccessLogFile, FILESYSTEM_STATS, FLUSH_BYTES, type FileSystem, systemFiles } from './access-log-file.ts';
import { probeFile } from './file-probe.ts';

/** What a record goes to. */
export interface RecordSink {
  write(record: string): void;
}

/**
 * The process's own output. It is opened by its path: a write then never meets a descriptor that somebody made non-blocking. What cannot be
 * opened so, as the socket of a service manager or another user's terminal, is written to as it is.
 */
export interface StandardStream {
  readonly path: string;
  readonly fd: number;
}

export const STANDARD_OUTPUT: StandardStream = { path: '/dev/stdout', fd: 1 };
export const STANDARD_ERROR: StandardStream = { path: '/dev/stderr', fd: 2 };

/** Opens access logs by path. */
export interface AccessLogOpener {
  /** The file, or Envoy's sentence about why there is none. */
  open(target: string | StandardStream): RecordSink | string;
}

export const ACCESS_LOG_FILES = serviceKey<AccessLogOpener>('access log files');

/** Envoy's default of `--file-flush-interval-msec`. */
export const DEFAULT_FLUSH_INTERVAL_MS = 10_000;

export interface AccessLogFilesOptions {
  readonly timers: Timers;
  readonly stats: StatStore;
  readonly flushIntervalMs?: number;
  /** `--file-flush-min-size-kb`, in bytes. */
  readonly flushMinSizeBytes?: number;
  readonly files?: FileSystem;
}

/**
 * The access log files of one thread: logs of one path share a file. Threads and processes may write to one file: each write
 * appends whole records. Files stay open until the process ends, as in Envoy: a later configuration may name them again.
 */
export class AccessLogFiles implements AccessLogOpener {
  readonly #byPath = new Map<string, AccessLogFile>();
  readonly #files: FileSystem;
  readonly #flush: TimerList;
  readonly #flushBytes: number;
  readonly #stats: StatGroup;

  constructor({ timers, stats, flushIntervalMs = DEFAULT_FLUSH_INTERVAL_MS, flushMinSizeBytes = FLUSH_BYTES, files = systemFiles }: AccessLogFilesOptions) {
    this.#files = files;
    this.#flush = timers.list(flushIntervalMs);
    this.#flushBytes = flushMinSizeBytes;
    this.#stats = stats.group('filesystem', FILESYSTEM_STATS);
  }

  open(target: string | StandardStream): RecordSink | string {
    const path = typeof target === 'string' ? target : target.path;
    const known = this.#byPath.get(path);
    if (known !== undefined) return known;
    const opened = attempt(path, (name) => this.#files.open(name));
    const isBorrowed = typeof opened === 'string' && typeof target !== 'string';
    const fd = isBorrowed ? target.fd : opened;
    if (typeof fd === 'string') return fd;
    const file = new AccessLogFile({ path, fd, isBorrowed, files: this.#files, flush: this.#flush, flushBytes: this.#flushBytes, stats: this.#stats });
    this.#byPath.set(path, file);
    return file;
  }

  /** SIGUSR1, `/reopen_logs`. */
  reopen(): void {
    for (const file of this.#byPath.values()) file.reopen();
  }

  flush(): void {
    for (const file of this.#byPath.values()) file.flush();
  }

  /** Writes what is left, at once: the thread is about to end. */
  rescue(): void {
    for (const file of this.#byPath.values()) file.rescue();
  }

  /** Writes what is left. */
  async close(): Promise<void> {
    await Promise.all([...this.#byPath.values()].map((file) => file.close()));
    this.#byPath.clear();
  }
}

/** Says whether files can be opened and makes none: for a thread that judges a configuration and does not serve it. */
export class AccessLogFileProbe implements AccessLogOpener {
  open(target: string | StandardStream): RecordSink | string {
    // To close a pipe would tell its reader that there is nothing more.
    if (typeof target !== 'string' || systemFiles.isPipe(target)) return NOWHERE;
    const outcome = attempt(target, probeFile);
    return typeof outcome === 'string' ? outcome : NOWHERE;
  }
}

const NOWHERE: RecordSink = { write: () => {} };

function attempt<T>(path: string, open: (path: string) => T): T | string {
  try {
    return open(path);
  } catch (error) {
    return `unable to open file '${path}': ${reasonOf(error as NodeJS.ErrnoException)}`;
  }
}

/** As `strerror` says it. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  EMFILE: 'Too many open files',
  ENAMETOOLONG: 'File name too long',
  ENFILE: 'Too many open files in system',
  ENOENT: 'No such file or directory',
  ENOSPC: 'No space left on device',
  ENOTDIR: 'Not a directory',
  ENXIO: 'No such device or address',
  EPERM: 'Operation not permitted',
  EROFS: 'Read-only file system',
};

function reasonOf(error: NodeJS.ErrnoException): string {
  return REASONS[error.code ?? ''] ?? error.message;
}
