import type { CompileContext, AnyMessage } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import type { FilterRouteConfig } from './route.ts';

/** `typed_per_filter_config` by filter name, the less specific levels merged in. Shared by all routes that add nothing. */
export type FilterConfigs = ReadonlyMap<string, FilterRouteConfig>;

export type FilterConfigMessages = Readonly<Record<string, AnyMessage>>;

export const noFilterConfigs: FilterConfigs = new Map();

export function compileFilterConfigs(
  messages: FilterConfigMessages,
  at: ConfigPath,
  context: CompileContext,
  inherited: FilterConfigs,
): FilterConfigs {
  const names = Object.keys(messages);
  if (names.length === 0) return inherited;
  const configs = new Map(inherited);
  for (const name of names) context.error(at.key(name), 'not supported');
  return configs;
}
