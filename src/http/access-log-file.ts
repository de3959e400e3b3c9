import { fs } from '../core/node-modules.ts';
import { Timer, type TimerList, type TimerOwner } from '../core/timers.ts';
import { defineStats, type StatGroup } from '../core/stats/stats.ts';
import { NO_BYTES, RecordBuffer } from './record-buffer.ts';

/** Envoy's `filesystem.*`: of all access log files of a thread together. */
export const FILESYSTEM_STATS = defineStats({
  counters: ['flushed_by_timer', 'reopen_failed', 'write_buffered', 'write_completed', 'write_failed'],
  gauges: ['write_total_buffered'],
});

/** Records behind the first are written when this much has been gathered, or when the flush interval has passed. Envoy's default of `--file-flush-min-size-kb`. */
export const FLUSH_BYTES = 64 * 1024;
/** While the disk does not take them, this much is kept for it; records beyond are dropped and counted as `write_failed`. */
export const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;

/** Where the bytes go. Tests put something slow in its place. */
export interface FileSystem {
  /** Throws. */
  open(path: string): number;
  isPipe(path: string): boolean;
  write(fd: number, bytes: Buffer, offset: number, done: (error: NodeJS.ErrnoException | null, written: number) => void): void;
  writeNow(fd: number, bytes: Buffer, offset: number): number;
  close(fd: number): void;
}

export const systemFiles: FileSystem = {
  // A named pipe that is opened for writing only holds the thread up until somebody reads it.
  open: (path) => fs.openSync(path, isPipe(path) ? 'a+' : 'a', 0o644),
  isPipe,
  write: (fd, bytes, offset, done) => fs.write(fd, bytes, offset, bytes.length - offset, null, done),
  writeNow: (fd, bytes, offset) => fs.writeSync(fd, bytes, offset, bytes.length - offset, null),
  close: (fd) => fs.closeSync(fd),
};

function isPipe(path: string): boolean {
  try {
    return fs.statSync(path).isFIFO();
  } catch {
    return false;
  }
}

export interface AccessLogFileOptions {
  readonly path: string;
  readonly fd: number;
  /** The descriptor is the process's own: it stays open, and there is no other. */
  readonly isBorrowed: boolean;
  readonly files: FileSystem;
  readonly flush: TimerList;
  /** Beyond what a file may hold it is written when the file is full. */
  readonly flushBytes: number;
  readonly stats: StatGroup;
}

/**
 * One file, appended to: records are gathered in one buffer and written by one asynchronous write at a time.
 *
 *   idle ──the first record, enough, timer, flush()──▶ writing ──written, less than enough waits──▶ idle
 *                                      └──written, more waits──▶ writing
 */
export class AccessLogFile implements TimerOwner {
  readonly path: string;
  readonly #isBorrowed: boolean;
  readonly #files: FileSystem;
  readonly #flushTimers: TimerList;
  readonly #flushBytes: number;
  readonly #timer = new Timer(this);
  readonly #stats: StatGroup;
  #fd: number;
  readonly #gathered = new RecordBuffer();
  /** Serves again once what it held is written. */
  #spare: Buffer = NO_BYTES;
  /** Being written now; they count as buffered until they are out. */
  #writingBytes = 0;
  #written = 0;
  #reopen = false;
  /** Nothing has been written. As with Envoy, who starts a proxy need not wait to see that it keeps a log. */
  #isFresh = true;
  /** Resolves `close()` once the write under way is over. */
  #onIdle: (() => void) | undefined;
  #writing: Buffer | undefined;
  #closed = false;

  constructor(options: AccessLogFileOptions) {
    this.path = options.path;
    this.#fd = options.fd;
    this.#isBorrowed = options.isBorrowed;
    this.#files = options.files;
    this.#flushTimers = options.flush;
    this.#flushBytes = Math.min(options.flushBytes, MAX_BUFFERED_BYTES / 2);
    this.#stats = options.stats;
    this.#flushTimers.arm(this.#timer);
  }

  /** Takes a whole record, as bytes of the wire. Never throws, never waits. */
  write(record: string): void {
    if (this.#closed) return;
    if (this.#gathered.length + this.#writingBytes + record.length > MAX_BUFFERED_BYTES) {
      this.#stats.inc(FILESYSTEM_STATS.write_failed);
      return;
    }
    this.#gathered.append(record);
    this.#stats.inc(FILESYSTEM_STATS.write_buffered);
    this.#stats.gaugeAdd(FILESYSTEM_STATS.write_total_buffered, record.length);
    if ((this.#isFresh || this.#gathered.length >= this.#flushBytes) && this.#writing === undefined) this.#startWrite();
  }

  flush(): void {
    if (this.#writing === undefined) this.#startWrite();
  }

  /** Somebody has moved the file away: what is written from now on goes to a new one. */
  reopen(): void {
    this.#reopen = true;
    this.flush();
  }

  /** Writes what is left, at once: the thread is about to end. A pipe that has not taken the last write might hold it up for ever. */
  rescue(): void {
    if (this.#writing === undefined || !this.#files.isPipe(this.path)) this.#writeRest();
  }

  /** Writes what is left and closes. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer.disarm();
    if (this.#writing !== undefined) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    this.#writeRest();
    if (!this.#isBorrowed) this.#files.close(this.#fd);
  }

  onTimer(): void {
    this.#stats.inc(FILESYSTEM_STATS.flushed_by_timer);
    this.#flushTimers.arm(this.#timer);
    this.flush();
  }

  #startWrite(): void {
    if (this.#reopen) this.#openAgain();
    if (this.#gathered.length === 0) return;
    this.#isFresh = false;
    this.#writing = this.#gathered.take(this.#spare);
    this.#writingBytes = this.#writing.length;
    this.#written = 0;
    this.#writeOn();
  }

  #writeOn(): void {
    this.#files.write(this.#fd, this.#writing!, this.#written, (error, written) => this.#onWritten(error, written));
  }

  #onWritten(error: NodeJS.ErrnoException | null, written: number): void {
    if (error === null) {
      this.#written += written;
      if (this.#written < this.#writingBytes && written > 0) {
        this.#writeOn();
        return;
      }
    }
    const complete = error === null && this.#written === this.#writingBytes;
    this.#stats.inc(complete ? FILESYSTEM_STATS.write_completed : FILESYSTEM_STATS.write_failed);
    this.#endWrite();
  }

  #endWrite(): void {
    this.#stats.gaugeAdd(FILESYSTEM_STATS.write_total_buffered, -this.#writingBytes);
    this.#keepSpare(this.#writing!);
    this.#writing = undefined;
    this.#writingBytes = 0;
    if (this.#onIdle !== undefined) this.#onIdle();
    else if (this.#reopen || this.#gathered.length >= Math.max(this.#flushBytes, 1)) this.#startWrite();
  }

  /** Not what a slow disk made it grow to. */
  #keepSpare({ buffer }: Buffer): void {
    this.#spare = buffer.byteLength <= this.#flushBytes * 4 ? Buffer.from(buffer) : NO_BYTES;
  }

  /** The old file serves on when there is no new one. */
  #openAgain(): void {
    this.#reopen = false;
    if (this.#isBorrowed) return;
    try {
      const fd = this.#files.open(this.path);
      this.#files.close(this.#fd);
      this.#fd = fd;
    } catch {
      this.#stats.inc(FILESYSTEM_STATS.reopen_failed);
    }
  }

  #writeRest(): void {
    const rest = this.#gathered.take(NO_BYTES);
    let written = 0;
    try {
      while (written < rest.length) written += this.#files.writeNow(this.#fd, rest, written);
      if (rest.length > 0) this.#stats.inc(FILESYSTEM_STATS.write_completed);
    } catch {
      this.#stats.inc(FILESYSTEM_STATS.write_failed);
    }
    this.#stats.gaugeAdd(FILESYSTEM_STATS.write_total_buffered, -rest.length);
  }
}
