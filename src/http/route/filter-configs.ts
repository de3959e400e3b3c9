import type { FilterConfig } from '../../api/generated/envoy/config/route/v3.ts';
import type { AnyMessage, CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import type { FilterRouteConfig } from './route.ts';

/** `typed_per_filter_config` by filter name, the less specific levels merged in. Shared by all routes that add nothing. */
export type FilterConfigs = ReadonlyMap<string, FilterRouteConfig>;

export type FilterConfigMessages = Readonly<Record<string, AnyMessage>>;

export const noFilterConfigs: FilterConfigs = new Map();

export function mayDisableFilters(configs: FilterConfigs): boolean {
  for (const { disabled } of configs.values()) if (disabled === true) return true;
  return false;
}

export function compileFilterConfigs(
  messages: FilterConfigMessages,
  at: ConfigPath,
  context: CompileContext,
  inherited: FilterConfigs,
): FilterConfigs {
  const names = Object.keys(messages);
  if (names.length === 0) return inherited;
  const configs = new Map(inherited);
  for (const name of names) {
    const own = compileEntry(name, messages[name], at.key(name), context);
    if (own !== undefined) configs.set(name, merge(own, inherited.get(name)));
  }
  return configs;
}

/** What one level says about one filter. */
interface LevelConfig {
  readonly disabled: boolean;
  /** Undefined = this level only switches. */
  readonly config: unknown;
}

/** A filter that a level only switches keeps the configuration of the levels below. */
function merge(own: LevelConfig, inherited: FilterRouteConfig | undefined): FilterRouteConfig {
  const below = inherited?.levels ?? [];
  if (own.config === undefined) return { disabled: own.disabled, config: inherited?.config, levels: below };
  return { disabled: own.disabled, config: own.config, levels: [...below, own.config] };
}

function compileEntry(name: string, message: AnyMessage, at: ConfigPath, context: CompileContext): LevelConfig | undefined {
  if (!message.typeUrl.endsWith(`/${FILTER_CONFIG}`)) return compileConfig({ name, message, optional: false }, at, context);
  const wrapper = context.unpack(message, at)?.message as FilterConfig | undefined;
  if (wrapper === undefined) return undefined;
  if (wrapper.disabled) return { disabled: true, config: undefined };
  if (wrapper.config === undefined) {
    context.error(at, `Empty route/virtual host per filter configuration for ${name} filter`);
    return undefined;
  }
  if (wrapper.config.typeUrl === '') return { disabled: false, config: undefined };
  return compileConfig({ name, message: wrapper.config, optional: wrapper.isOptional }, at.field('config'), context);
}

const FILTER_CONFIG = 'envoy.config.route.v3.FilterConfig';

interface ConfigEntry {
  readonly name: string;
  readonly message: AnyMessage;
  readonly optional: boolean;
}

/** A configuration, even an optional one that nobody here can read, switches the filter on. */
function compileConfig({ name, message, optional }: ConfigEntry, at: ConfigPath, context: CompileContext): LevelConfig | undefined {
  const resolved = context.resolveRouteConfig('envoy.filters.http', name, message, at, optional);
  if (resolved === undefined) return optional ? { disabled: false, config: undefined } : undefined;
  const { extension, config } = resolved;
  if (extension.compileRoute === undefined) {
    if (optional) return { disabled: false, config: undefined };
    context.error(at, `The filter ${name} doesn't support virtual host or route specific configurations`);
    return undefined;
  }
  const typeName = message.typeUrl.slice(message.typeUrl.lastIndexOf('/') + 1);
  if ((config as { readonly $typeName?: string }).$typeName !== extension.routeConfigType) {
    context.error(at, `Unable to unpack as ${extension.routeConfigType}: ${typeName}`);
    return undefined;
  }
  return { disabled: false, config: extension.compileRoute(config, at, context) };
}
