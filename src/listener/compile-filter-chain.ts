import type { FilterChain as FilterChainMessage } from '../api/generated/envoy/config/listener/v3.ts';
import { MessageIdentity } from '../api/message-identity.ts';
import { schemaOf } from '../api/registry.ts';
import { durationMs } from '../core/durations.ts';
import type { CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';
import { HeldStats } from '../core/stats/held-stats.ts';
import type { TimerList } from '../core/timers.ts';
import type { Metadata } from '../http/stream-info.ts';
import type { DownstreamTransportSocket } from '../transport/transport-socket.ts';
import { FILTER_CHAIN, type NetworkFilter, type TerminalNetworkFilter } from './network-filter.ts';

/** A compiled filter chain. */
export interface FilterChainSpec {
  readonly name: string;
  readonly metadata: Metadata | undefined;
  /** Everything but the configuration of the terminal filter: chains of equal frame may differ in what that filter can adopt. */
  readonly frame: MessageIdentity;
  readonly filters: readonly NetworkFilter[];
  /** Undefined: a chain without filters, which closes its connections. */
  readonly terminal: TerminalNetworkFilter | undefined;
  /** Undefined: the bytes of the socket are the bytes of the filters. */
  readonly transportSocket: DownstreamTransportSocket | undefined;
  /** `transport_socket_connect_timeout` */
  readonly handshakeTimeouts: TimerList | undefined;
  /** All that it counts. */
  readonly stats: HeldStats;
}

/** Undefined after reporting what is wrong. */
export function compileFilterChain(message: FilterChainMessage, at: ConfigPath, context: CompileContext): FilterChainSpec | undefined {
  const stats = new HeldStats(context.stats);
  const inside = context.withStats(stats).with(FILTER_CHAIN, { name: message.name, serverNames: message.filterChainMatch?.serverNames ?? [] });
  const filters = compileFilters(message, at.field('filters'), inside);
  const transportSocket = compileTransportSocket(message, at.field('transport_socket'), inside);
  const timeoutMs = durationMs(message.transportSocketConnectTimeout) ?? 0;
  if (filters === undefined) return undefined;
  return {
    name: message.name,
    metadata: message.metadata?.filterMetadata,
    frame: frameOf(message),
    ...filters,
    transportSocket,
    handshakeTimeouts: timeoutMs === 0 ? undefined : context.timers.reducibleList('transport-socket-connect', timeoutMs),
    stats,
  };
}

function frameOf(message: FilterChainMessage): MessageIdentity {
  const last = message.filters.length - 1;
  const filters = message.filters.map((filter, index) => {
    if (index !== last || filter.configType.case !== 'typedConfig') return filter;
    const { value } = filter.configType;
    return { ...filter, configType: { case: 'typedConfig' as const, value: { ...value, value: new Uint8Array() } } };
  });
  const frame: FilterChainMessage = { ...message, filters };
  return new MessageIdentity(schemaOf('envoy.config.listener.v3.FilterChain'), frame);
}

type Filters = Pick<FilterChainSpec, 'filters' | 'terminal'>;

function compileFilters(chain: FilterChainMessage, at: ConfigPath, context: CompileContext): Filters | undefined {
  const filters: NetworkFilter[] = [];
  let terminal: TerminalNetworkFilter | undefined;
  let isGood = true;
  const last = chain.filters.length - 1;
  chain.filters.forEach((filter, index) => {
    const filterAt = at.index(index);
    const typedConfig = filter.configType.case === 'typedConfig' ? filter.configType.value : undefined;
    const resolved = context.resolve('envoy.filters.network', filter.name, typedConfig, filterAt, false);
    if (resolved === undefined) {
      isGood = false;
      return;
    }
    const { extension } = resolved;
    const isTerminal = extension.terminal === true;
    if (isTerminal !== (index === last)) context.error(filterAt, misplaced(filter.name, extension.name, isTerminal));
    const compiled = extension.compile(resolved.config, filterAt.field('typed_config'), context);
    if (isTerminal) terminal = compiled as TerminalNetworkFilter;
    else filters.push(compiled as NetworkFilter);
  });
  return isGood ? { filters, terminal } : undefined;
}

/** Envoy's sentences. */
function misplaced(name: string, type: string, isTerminal: boolean): string {
  return isTerminal
    ? `terminal filter named ${name} of type ${type} must be the last filter in a network filter chain.`
    : `non-terminal filter named ${name} of type ${type} is the last filter in a network filter chain.`;
}

function compileTransportSocket(message: FilterChainMessage, at: ConfigPath, context: CompileContext): DownstreamTransportSocket | undefined {
  const socket = message.transportSocket;
  if (socket === undefined) return undefined;
  const typedConfig = socket.configType.case === 'typedConfig' ? socket.configType.value : undefined;
  const resolved = context.resolve('envoy.transport_sockets.downstream', socket.name, typedConfig, at, false);
  if (resolved === undefined) return undefined;
  return resolved.extension.compile(resolved.config, at.field('typed_config'), context) as DownstreamTransportSocket | undefined;
}
