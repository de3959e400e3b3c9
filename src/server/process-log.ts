import { systemClock } from '../core/clock.ts';
import { LogLevels } from './log-components.ts';
import { compileLogFormat, DEFAULT_LOG_FORMAT, type LogFormatSpec } from './log-format.ts';
import { ComponentLogger, type LogOutput, LogSink } from './logger.ts';
import type { ServerOptions } from './options.ts';
import type { ProxyLog } from './proxy-log.ts';

const MAIN_THREAD_ID = 0;

/** The log of a process that was started from the command line, or why there is none. */
export function createProcessLog(options: ServerOptions): ProxyLog | string {
  const levels = LogLevels.create(options.logLevel, options.componentLogLevels);
  const sink = new LogSink(options.logPath);
  if (!sink.isOpen) return `Failed to open log-file '${options.logPath}'.`;
  const format: LogFormatSpec = { kind: 'pattern', pattern: options.logFormat, escaped: options.logFormatEscaped };
  const output: LogOutput = { clock: systemClock, sink, levels, format: compileLogFormat(format), thread: MAIN_THREAD_ID };
  const logger = new ComponentLogger(output);
  return {
    logger,
    levels,
    path: options.logPath,
    format,
    fixed: options.logFormat !== DEFAULT_LOG_FORMAT,
    setFormat: (spec) => {
      output.format = compileLogFormat(spec);
    },
    reopen: () => sink.reopen(),
  };
}
