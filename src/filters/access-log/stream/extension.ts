import type { StderrAccessLog, StdoutAccessLog } from '../../../api/generated/envoy/extensions/access_loggers/stream/v3.ts';
import type { CompileContext, Extension } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import type { AccessLog } from '../../../http/access-log.ts';
import { STANDARD_ERROR, STANDARD_OUTPUT, type StandardStream } from '../../../http/access-log-files.ts';
import { compileSubstitutionFormat } from '../../../http/format/substitution-format.ts';
import { compileDefaultFormat, openFormattedAccessLog } from '../../../http/formatted-access-log.ts';

export const stdoutAccessLogExtension: Extension<StdoutAccessLog, AccessLog | undefined> = {
  name: 'envoy.access_loggers.stdout',
  category: 'envoy.access_loggers',
  configType: 'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog',
  compile: (config, at, context) => compileStream(config, STANDARD_OUTPUT, at, context),
};

export const stderrAccessLogExtension: Extension<StderrAccessLog, AccessLog | undefined> = {
  name: 'envoy.access_loggers.stderr',
  category: 'envoy.access_loggers',
  configType: 'envoy.extensions.access_loggers.stream.v3.StderrAccessLog',
  compile: (config, at, context) => compileStream(config, STANDARD_ERROR, at, context),
};

function compileStream({ accessLogFormat }: StdoutAccessLog | StderrAccessLog, stream: StandardStream, at: ConfigPath, context: CompileContext): AccessLog | undefined {
  const format =
    accessLogFormat.case === 'logFormat'
      ? compileSubstitutionFormat(accessLogFormat.value, at.field('log_format'), context)
      : compileDefaultFormat(at, context);
  return openFormattedAccessLog(format, stream, at, context);
}
