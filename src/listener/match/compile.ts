import { FilterChainMatch_ConnectionSourceType as SourceType, type FilterChain, type FilterChainMatch as MatchMessage } from '../../api/generated/envoy/config/listener/v3.ts';
import type { CidrRange } from '../../api/generated/envoy/config/core/v3.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { compileIpPrefix, type IpPrefix } from '../../http/ip-prefix.ts';
import { type FilterChainMatch, FilterChainTable } from './filter-chain-match.ts';

/** `at`: the list of chains. Two chains that ask for the same are reported with both positions. */
export function compileFilterChainTable(chains: readonly FilterChain[], at: ConfigPath, context: CompileContext): FilterChainTable {
  const table = new FilterChainTable();
  chains.forEach((chain, index) => {
    const matchAt = at.index(index).field('filter_chain_match');
    const match = compileMatch(chain.filterChainMatch, matchAt, context);
    const other = match && table.add(index, match);
    if (other !== undefined) context.error(at.index(index), duplicateText(chains, other, index));
  });
  return table;
}

function duplicateText(chains: readonly FilterChain[], first: number, second: number): string {
  const titled = (index: number): string => `filter_chains[${index}]${chains[index]!.name === '' ? '' : ` '${chains[index]!.name}'`}`;
  return `${titled(second)} matches connections that ${titled(first)} matches as well: their filter_chain_match have a common combination of values`;
}

function compileMatch(message: MatchMessage | undefined, at: ConfigPath, context: CompileContext): FilterChainMatch | undefined {
  const prefixes = (ranges: readonly CidrRange[] | undefined, field: string): readonly IpPrefix[] =>
    (ranges ?? []).map((range, index) => compileIpPrefix(range, at.field(field).index(index), context)).filter((prefix) => prefix !== undefined);
  const serverNames = (message?.serverNames ?? []).map((name, index) => compileServerName(name, at.field('server_names').index(index), context));
  return {
    destinationPort: message?.destinationPort ?? 0,
    destinationPrefixes: prefixes(message?.prefixRanges, 'prefix_ranges'),
    serverNames,
    transportProtocol: message?.transportProtocol ?? '',
    applicationProtocols: message?.applicationProtocols ?? [],
    directSourcePrefixes: prefixes(message?.directSourcePrefixRanges, 'direct_source_prefix_ranges'),
    sourceType: sourceType(message?.sourceType),
    sourcePrefixes: prefixes(message?.sourcePrefixRanges, 'source_prefix_ranges'),
    sourcePorts: message?.sourcePorts ?? [],
  };
}

/** `*.example.com` is kept as `.example.com`. */
function compileServerName(name: string, at: ConfigPath, context: CompileContext): string {
  const lowerCase = name.toLowerCase();
  if (lowerCase.startsWith('*.')) return lowerCase.substring(1);
  if (lowerCase.includes('*')) context.error(at, 'partial wildcards are not supported in "server_names"');
  return lowerCase;
}

function sourceType(type: SourceType | undefined): FilterChainMatch['sourceType'] {
  if (type === SourceType.SAME_IP_OR_LOOPBACK) return 'local';
  return type === SourceType.EXTERNAL ? 'external' : 'any';
}
