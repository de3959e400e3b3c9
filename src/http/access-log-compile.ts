import type { AccessLog as AccessLogMessage } from '../api/generated/envoy/config/accesslog/v3.ts';
import type { CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';
import { compileAccessLogFilter, FilteredAccessLog } from './access-log-filter/compile.ts';
import type { AccessLog } from './access-log.ts';

/** `at`: the list. */
export function compileAccessLogs(messages: readonly AccessLogMessage[], at: ConfigPath, context: CompileContext): AccessLog[] {
  const logs: AccessLog[] = [];
  messages.forEach((entry, index) => {
    const entryAt = at.index(index);
    const typedConfig = entry.configType.case === 'typedConfig' ? entry.configType.value : undefined;
    const resolved = context.resolve('envoy.access_loggers', entry.name, typedConfig, entryAt, false);
    if (resolved === undefined) return;
    const log = resolved.extension.compile(resolved.config, entryAt.field('typed_config'), context) as AccessLog | undefined;
    const filter = entry.filter === undefined ? undefined : compileAccessLogFilter(entry.filter, entryAt.field('filter'), context);
    if (log !== undefined) logs.push(filter === undefined ? log : new FilteredAccessLog(log, filter));
  });
  return logs;
}
