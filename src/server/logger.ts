import { fs } from '../core/node-modules.ts';
import type { Clock } from '../core/clock.ts';
import type { Logger, LogLevel } from '../core/log.ts';
import { componentIndex, LOG_LEVELS, type LogLevels } from './log-components.ts';
import type { LogFormatter } from './log-format.ts';

const STDERR = 2;
/** How often a line is tried again while a pipe is full; then it is lost rather than the process held up. */
const MAX_WRITE_ATTEMPTS = 100;

/**
 * Where lines of the log go: a file or standard error. Each thread has its own; lines are written whole and appended, so that those of
 * several threads do not mix.
 */
export class LogSink {
  readonly #path: string;
  #fd = STDERR;

  /** An empty path is standard error. */
  constructor(path: string) {
    this.#path = path;
    this.reopen();
  }

  /** False: the file could not be opened, and lines go to standard error. */
  get isOpen(): boolean {
    return this.#path === '' || this.#fd !== STDERR;
  }

  /** A file that cannot be opened again leaves lines where they went before. */
  reopen(): void {
    if (this.#path === '') return;
    let fd: number;
    try {
      fd = fs.openSync(this.#path, 'a');
    } catch {
      return;
    }
    this.close();
    this.#fd = fd;
  }

  write(line: string): void {
    let bytes: Uint8Array = Buffer.from(`${line}\n`);
    for (let attempt = 0; attempt < MAX_WRITE_ATTEMPTS && bytes.length > 0; attempt++) {
      try {
        bytes = bytes.subarray(fs.writeSync(this.#fd, bytes));
      } catch (error) {
        // A full disk or a closed pipe must not end the proxy.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      }
    }
  }

  close(): void {
    if (this.#fd !== STDERR) fs.closeSync(this.#fd);
    this.#fd = STDERR;
  }
}

/** What the loggers of a thread share. */
export interface LogOutput {
  readonly clock: Clock;
  readonly sink: LogSink;
  readonly levels: LogLevels;
  /** Replaced when `application_log_config` is known. */
  format: LogFormatter;
  /** 0 is the main thread. */
  readonly thread: number;
}

/** Envoy's loggers: one per component, all of a thread over one output. */
export class ComponentLogger implements Logger {
  readonly #output: LogOutput;
  readonly #name: string;
  readonly #index: number;

  constructor(output: LogOutput, name = 'main') {
    this.#output = output;
    this.#name = name;
    this.#index = componentIndex(name) ?? componentIndex('misc')!;
  }

  trace(message: string): void {
    this.#log('trace', message);
  }

  debug(message: string): void {
    this.#log('debug', message);
  }

  info(message: string): void {
    this.#log('info', message);
  }

  warning(message: string): void {
    this.#log('warning', message);
  }

  error(message: string): void {
    this.#log('error', message);
  }

  critical(message: string): void {
    this.#log('critical', message);
  }

  enabled(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) >= this.#output.levels.rank(this.#index);
  }

  component(name: string): Logger {
    return new ComponentLogger(this.#output, name);
  }

  #log(level: LogLevel, message: string): void {
    if (!this.enabled(level)) return;
    const { clock, sink, format, thread } = this.#output;
    sink.write(format({ timeMs: clock.wallMs(), level, component: this.#name, message, thread, pid: process.pid }));
  }
}
