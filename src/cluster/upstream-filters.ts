import type { CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';
import { defineStats, type StatStore } from '../core/stats/stats.ts';
import type { FilterChain } from '../http/filter-chain.ts';
import { compileFilterChain, type FilterChainKind, type FilterEntryMessage } from '../http/filter-chain-compile.ts';
import { HTTP } from '../http/http-services.ts';
import type { FilterSpec } from './cluster-spec.ts';

const CODEC_TYPE = 'envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec';
const CLUSTER_CHAIN: FilterChainKind = { category: 'envoy.filters.http.upstream', name: 'upstream http', advice: '' };
/** Filters make groups of their own below that of the cluster. */
const NO_STATS = defineStats({});

/** Makes the filters of clusters in a thread. */
export interface UpstreamFilterFactory {
  create(filters: readonly FilterSpec[], statScope: string, stats: StatStore): FilterChain;
}

/** `HttpProtocolOptions.http_filters`, judged; each thread makes its own. Undefined: none but the codec. */
export function compileUpstreamFilters(entries: readonly FilterEntryMessage[], statScope: string, at: ConfigPath, context: CompileContext): readonly FilterSpec[] | undefined {
  if (entries.length === 0) return undefined;
  const last = entries.at(-1)!.configType;
  if (last.case !== 'typedConfig' || !last.value.typeUrl.endsWith(`/${CODEC_TYPE}`)) {
    context.error(at, `The codec filter is the only valid terminal upstream HTTP filter, use '${CODEC_TYPE}'`);
    return undefined;
  }
  createUpstreamFilters(entries, statScope, at, context);
  const filters = entries.flatMap(({ name, configType, disabled, isOptional }): FilterSpec[] => {
    if (configType.case !== 'typedConfig') return [];
    const { typeUrl, value } = configType.value;
    return [{ name, typeUrl, value: Buffer.from(value).toString('base64'), disabled, isOptional }];
  });
  return filters.length > 1 ? filters : undefined;
}

export function createUpstreamFilters(
  entries: readonly FilterEntryMessage[],
  statScope: string,
  at: ConfigPath,
  context: CompileContext,
): FilterChain {
  const facts = { statPrefix: '', stats: context.stats.group(statScope, NO_STATS), schemeMatchesUpstream: false };
  return compileFilterChain(entries, [], CLUSTER_CHAIN, at, context.with(HTTP, facts));
}
