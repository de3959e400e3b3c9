import type { ExpressionFilter } from '../../api/generated/envoy/extensions/access_loggers/filters/cel/v3.ts';
import type { Cel } from '../../api/generated/envoy/extensions/formatter/cel/v3.ts';
import type { Extension } from '../../core/extension.ts';
import { wireText } from '../../core/wire-text.ts';
import type { AccessLogFilter } from '../access-log-filter/filter.ts';
import { celOperators } from '../format/cel-operators.ts';
import type { FormatterCommands } from '../format/template.ts';
import { celAttributes } from './attributes.ts';
import { compileCelText } from './program.ts';

/** The operators are built in; the extension says what their expressions may do. */
export const celFormatterExtension: Extension<Cel, FormatterCommands> = {
  name: 'envoy.formatter.cel',
  category: 'envoy.formatter',
  configType: 'envoy.extensions.formatter.cel.v3.Cel',
  compile: ({ celConfig }) => ({ ...celOperators(celConfig) }),
};

/** Takes what its expression is true of. */
export const celAccessLogFilterExtension: Extension<ExpressionFilter, AccessLogFilter | undefined> = {
  name: 'envoy.access_loggers.extension_filters.cel',
  category: 'envoy.access_loggers.extension_filters',
  configType: 'envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter',
  compile({ expression, celConfig }, at, context) {
    const program = compileCelText(wireText(expression), { config: celConfig, attributes: celAttributes(context.node), warn: (message) => context.warning(at.field('expression'), message) });
    if (typeof program !== 'string') return { matches: (entry) => program(entry) === true };
    context.error(at.field('expression'), program);
    return undefined;
  },
};
