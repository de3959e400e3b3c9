import type { StderrAccessLog, StdoutAccessLog } from '../../../api/generated/envoy/extensions/access_loggers/stream/v3.ts';
import type { CompileContext, Extension } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import type { AccessLog } from '../../../http/access-log.ts';
import { compileSubstitutionFormat } from '../../../http/format/substitution-format.ts';
import { compileDefaultFormat, openFormattedAccessLog } from '../../../http/formatted-access-log.ts';

/** Logs to the process's own output. Opened by path: a write then never meets a descriptor that somebody made non-blocking. */

export const stdoutAccessLogExtension: Extension<StdoutAccessLog, AccessLog | undefined> = {
  name: 'envoy.access_loggers.stdout',
  category: 'envoy.access_loggers',
  configType: 'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog',
  compile: (config, at, context) => compileStream(config, '/dev/stdout', at, context),
};

export const stderrAccessLogExtension: Extension<StderrAccessLog, AccessLog | undefined> = {
  name: 'envoy.access_loggers.stderr',
  category: 'envoy.access_loggers',
  configType: 'envoy.extensions.access_loggers.stream.v3.StderrAccessLog',
  compile: (config, at, context) => compileStream(config, '/dev/stderr', at, context),
};

function compileStream({ accessLogFormat }: StdoutAccessLog | StderrAccessLog, path: string, at: ConfigPath, context: CompileContext): AccessLog | undefined {
  const format =
    accessLogFormat.case === 'logFormat'
      ? compileSubstitutionFormat(accessLogFormat.value, at.field('log_format'), context)
      : compileDefaultFormat(at, context);
  return openFormattedAccessLog(format, path, at, context);
}
