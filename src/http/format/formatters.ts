import type { TypedExtensionConfig } from '../../api/generated/envoy/config/core/v3.ts';
import type { CompileContext, Extension } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { compileReqWithoutQuery } from './header-operators.ts';
import { METADATA_OPERATORS } from './metadata-operators.ts';
import type { OperatorCompiler } from './operator.ts';
import { FORMATTER_COMMANDS, type FormatterCommands } from './template.ts';

export const reqWithoutQueryFormatterExtension: Extension<unknown, FormatterCommands> = {
  name: 'envoy.formatter.req_without_query',
  category: 'envoy.formatter',
  configType: 'envoy.extensions.formatter.req_without_query.v3.ReqWithoutQuery',
  compile: () => ({ REQ_WITHOUT_QUERY: compileReqWithoutQuery }),
};

/** `%METADATA%` is built in since: the extension brings nothing new. */
export const metadataFormatterExtension: Extension<unknown, FormatterCommands> = {
  name: 'envoy.formatter.metadata',
  category: 'envoy.formatter',
  configType: 'envoy.extensions.formatter.metadata.v3.Metadata',
  compile: () => ({ METADATA: METADATA_OPERATORS['METADATA']! }),
};

/** The context in which formats have the operators of `formatters`, too; the first that has one counts. */
export function withFormatters(formatters: readonly TypedExtensionConfig[], at: ConfigPath, context: CompileContext): CompileContext {
  if (formatters.length === 0) return context;
  const commands = new Map<string, OperatorCompiler>();
  formatters.forEach(({ name, typedConfig }, index) => {
    const formatterAt = at.index(index);
    const resolved = context.resolve('envoy.formatter', name, typedConfig, formatterAt, false);
    if (resolved === undefined) return;
    const brought = resolved.extension.compile(resolved.config, formatterAt.field('typed_config'), context) as FormatterCommands;
    for (const [command, compile] of Object.entries(brought)) if (!commands.has(command)) commands.set(command, compile);
  });
  return context.with(FORMATTER_COMMANDS, commands);
}
