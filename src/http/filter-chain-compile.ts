import type { AnyMessage, Category, CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';
import type { HttpFilter } from './filter.ts';
import { type ConfiguredFilter, createFilterChain, type FilterChain } from './filter-chain.ts';

/** One of `http_filters`, as messages of Envoy's API have them. */
export interface FilterEntryMessage {
  readonly name: string;
  readonly configType: { readonly case: 'typedConfig'; readonly value: AnyMessage } | { readonly case: 'configDiscovery' | undefined };
  readonly isOptional: boolean;
  readonly disabled: boolean;
}

export interface FilterChainKind {
  readonly category: Category;
  /** As Envoy calls it in its sentences: `http`. */
  readonly name: string;
  /** Said of a chain whose last filter is not terminal. */
  readonly advice: string;
}

export const DOWNSTREAM_CHAIN: FilterChainKind = { category: 'envoy.filters.http', name: 'http', advice: '' };

const ENDS_WITH_CODEC = ' When upstream_http_filters are specified, they must explicitly end with an UpstreamCodec filter.';

export const ROUTER_CHAIN: FilterChainKind = { category: 'envoy.filters.http.upstream', name: 'router upstream http', advice: ENDS_WITH_CODEC };

/** `own`: filters that stand before those of the configuration. */
export function compileFilterChain(
  entries: readonly FilterEntryMessage[],
  own: readonly HttpFilter[],
  kind: FilterChainKind,
  at: ConfigPath,
  context: CompileContext,
): FilterChain {
  const filters: ConfiguredFilter[] = own.map((filter) => ({ name: '', filter, disabled: false }));
  const last = entries.length - 1;
  entries.forEach((entry, index) => {
    const entryAt = at.index(index);
    if (entry.configType.case !== 'typedConfig' && entry.isOptional) return;
    const typedConfig = entry.configType.case === 'typedConfig' ? entry.configType.value : undefined;
    const resolved = context.resolve(kind.category, entry.name, typedConfig, entryAt, entry.isOptional);
    if (resolved === undefined) return;
    const described = `filter named ${entry.name} of type ${resolved.extension.name}`;
    const terminal = resolved.extension.terminal === true;
    if (terminal && index !== last) context.error(entryAt, `terminal ${described} must be the last filter in a ${kind.name} filter chain.`);
    else if (!terminal && index === last) context.error(entryAt, `non-terminal ${described} is the last filter in a ${kind.name} filter chain.${kind.advice}`);
    else if (terminal && entry.disabled) context.error(entryAt, `the last (terminal) filter (${entry.name}) in the chain cannot be disabled by default.`);
    filters.push({ name: entry.name, filter: resolved.extension.compile(resolved.config, entryAt.field('typed_config'), context) as HttpFilter, disabled: entry.disabled });
  });
  return createFilterChain(filters);
}
