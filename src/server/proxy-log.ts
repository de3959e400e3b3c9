import { type Logger, silentLogger } from '../core/log.ts';
import { LogLevels } from './log-components.ts';
import { DEFAULT_LOG_FORMAT, type LogFormatSpec } from './log-format.ts';

/** Where the threads of a process write their log. */
export interface ProxyLog {
  readonly logger: Logger;
  readonly levels: LogLevels;
  /** `--log-path`; empty: standard error. */
  readonly path: string;
  readonly format: LogFormatSpec;
  /** `--log-format` was given, so that the configuration may not name another. */
  readonly fixed: boolean;
  /** The configuration names another format. */
  setFormat(format: LogFormatSpec): void;
  reopen(): void;
}

export const NO_LOG: ProxyLog = {
  logger: silentLogger,
  levels: LogLevels.create('off'),
  path: '',
  format: { kind: 'pattern', pattern: DEFAULT_LOG_FORMAT, escaped: false },
  fixed: false,
  setFormat: () => {},
  reopen: () => {},
};
