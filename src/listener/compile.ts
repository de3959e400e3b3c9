import { isIP } from 'node:net';
import { type AdditionalAddress, type FilterChain, type Listener as ListenerMessage, Listener_DrainType } from '../api/generated/envoy/config/listener/v3.ts';
import { type Address as AddressMessage, SocketAddress_Protocol, TrafficDirection } from '../api/generated/envoy/config/core/v3.ts';
import { textOfMessages } from '../api/message-identity.ts';
import { toBinary } from '../api/protobuf.ts';
import { schemaOf } from '../api/registry.ts';
import { durationMs } from '../core/durations.ts';
import type { CompileContext } from '../core/extension.ts';
import { LOCAL_FILES, RememberedFiles } from '../core/local-file.ts';
import { noOverload, OVERLOAD } from '../core/overload.ts';
import type { ConfigPath } from '../core/problems.ts';
import { HeldStats } from '../core/stats/held-stats.ts';
import type { TimerList } from '../core/timers.ts';
import { compileAccessLogs } from '../http/access-log-compile.ts';
import type { AccessLog } from '../http/access-log.ts';
import type { Metadata } from '../http/stream-info.ts';
import { refuseStatsMatcher } from '../http/stats-matcher-metadata.ts';
import type { Address } from '../transport/transport.ts';
import { compileFilterChain, type FilterChainSpec } from './compile-filter-chain.ts';
import { unlessDisabled } from './filter-disabled.ts';
import { compileKeepAlive, type KeepAlive } from './keep-alive.ts';
import type { ListenerFilter } from './listener-filter.ts';
import { compileFilterChainTable } from './match/compile.ts';
import type { FilterChainFinder } from './match/filter-chain-match.ts';
import { compileFilterChainMatcher } from './match/filter-chain-matcher.ts';
import { LISTENER } from './network-filter.ts';

/** A place to listen at. */
export interface BindSpec {
  readonly address: Address;
  readonly ipv6Only: boolean;
  readonly pipeMode: number;
  /** Of accepted connections; undefined: as the system has it, off. */
  readonly keepAlive: KeepAlive | undefined;
}

/** A compiled listener. */
export interface ListenerSpec {
  readonly name: string;
  readonly metadata: Metadata | undefined;
  readonly direction: TrafficDirection;
  /** The first is the listener's own; statistics and the admin interface name it. */
  readonly binds: readonly BindSpec[];
  /** `listener.<stat_prefix or address>`. */
  readonly statScope: string;
  /** Everything but the filter chains: listeners of equal rest are changed in place. */
  readonly rest: string;
  /** Stands for the contents of the files that it names, but those of TLS contexts, which come by themselves. */
  readonly fileDigest: string;
  /** What belongs to the sockets: a listener takes over those of one that has the same. */
  readonly socketIdentity: string;
  readonly backlog: number;
  readonly reusePort: boolean;
  /** False: it serves what other listeners hand over. */
  readonly bindToPort: boolean;
  readonly useOriginalDst: boolean;
  readonly inbound: boolean;
  /** `drain_type: MODIFY_ONLY` */
  readonly modifyOnly: boolean;
  readonly filters: readonly ListenerFilter[];
  readonly filterTimeouts: TimerList | undefined;
  readonly continueOnFilterTimeout: boolean;
  readonly chains: readonly FilterChainSpec[];
  /** Undefined: every connection goes to the first chain. */
  readonly finder: FilterChainFinder | undefined;
  readonly defaultChain: FilterChainSpec | undefined;
  readonly accessLogs: readonly AccessLog[];
  readonly bufferLimitBytes: number;
  /** How many connections it may have at once, now. */
  connectionLimit(): number;
  /** How many connections of all listeners that do not ignore this limit may be there before it takes no more. */
  globalConnectionLimit(): number;
  readonly ignoresGlobalLimit: boolean;
  readonly bypassesOverload: boolean;
  /** What it counts outside of its filter chains. */
  readonly stats: HeldStats;
}

const DEFAULT_BUFFER_LIMIT_BYTES = 1_048_576;
const DEFAULT_FILTER_TIMEOUT_MS = 15_000;
const GLOBAL_LIMIT_KEY = 'overload.global_downstream_max_connections';

/** Returns undefined when the errors it reported leave nothing to serve. */
export function compileListener(message: ListenerMessage, position: number, at: ConfigPath, context: CompileContext): ListenerSpec | undefined {
  // Its protocol is refused; what it has in place of filter chains need not be looked at.
  if (isUdp(message)) return undefined;
  const binds = compileBinds(message, at, context);
  // A listener without a name keeps its identity over reloads by its place.
  const name = message.name === '' ? `listener_${position}` : message.name;
  const statScope = `listener.${(message.statPrefix === '' ? binds[0]?.address.text ?? '' : message.statPrefix).replaceAll(':', '_')}`;
  refuseStatsMatcher(message.metadata, at.field('metadata'), context);
  const bufferLimitBytes = message.perConnectionBufferLimitBytes ?? DEFAULT_BUFFER_LIMIT_BYTES;
  const files = new RememberedFiles();
  const facts = context.with(LISTENER, { name, statScope, bufferLimitBytes }).with(LOCAL_FILES, files);
  const inside = message.bypassOverloadManager ? facts.with(OVERLOAD, noOverload) : facts;
  const chains = compileChains(message, binds, at, inside);
  const stats = new HeldStats(context.stats);
  const own = inside.withStats(stats);
  const filters = compileListenerFilters(message, at.field('listener_filters'), own);
  const timeoutMs = durationMs(message.listenerFiltersTimeout) ?? DEFAULT_FILTER_TIMEOUT_MS;
  const accessLogs = compileAccessLogs(message.accessLog, at.field('access_log'), own);
  if (binds.length === 0 || chains === undefined) return undefined;
  const { runtime } = context;
  const limitKey = `envoy.resource_limits.listener.${name}.connection_limit`;
  return {
    name,
    metadata: message.metadata?.filterMetadata,
    direction: message.trafficDirection,
    binds,
    statScope,
    rest: restIdentity(message),
    fileDigest: files.digest,
    socketIdentity: socketIdentity(message),
    backlog: message.tcpBacklogSize ?? 4096,
    reusePort: message.enableReusePort ?? true,
    bindToPort: message.bindToPort ?? message.deprecatedV1?.bindToPort ?? true,
    useOriginalDst: message.useOriginalDst ?? false,
    inbound: message.trafficDirection === TrafficDirection.INBOUND,
    modifyOnly: message.drainType === Listener_DrainType.MODIFY_ONLY,
    filters,
    filterTimeouts: timeoutMs === 0 ? undefined : context.timers.list(timeoutMs),
    continueOnFilterTimeout: message.continueOnListenerFiltersTimeout,
    ...chains,
    accessLogs,
    bufferLimitBytes,
    connectionLimit: () => (runtime.version === 0 ? Infinity : runtime.number(limitKey, Infinity)),
    globalConnectionLimit: () => (runtime.version === 0 ? Infinity : runtime.number(GLOBAL_LIMIT_KEY, Infinity)),
    ignoresGlobalLimit: message.ignoreGlobalConnLimit,
    bypassesOverload: message.bypassOverloadManager,
    stats,
  };
}

function restIdentity(message: ListenerMessage): string {
  return textOfMessages({ ...message, filterChains: [], defaultFilterChain: undefined, filterChainMatcher: undefined });
}

/** Not `tcp_backlog_size`: as in Envoy it counts when a socket is opened. */
function socketIdentity({ address, additionalAddresses, bindToPort, deprecatedV1, enableReusePort }: ListenerMessage): string {
  return textOfMessages([address, additionalAddresses.map((one) => one.address), bindToPort ?? deprecatedV1?.bindToPort ?? true, enableReusePort ?? true]);
}

function compileBinds(message: ListenerMessage, at: ConfigPath, context: CompileContext): BindSpec[] {
  // The support table has refused it; such a listener has no address.
  if (message.listenerSpecifier.case === 'internalListener') return [];
  const own = compileKeepAlive(message.tcpKeepalive, message.socketOptions, at.field('socket_options'), context);
  const additional = message.additionalAddresses.map((one: AdditionalAddress, index) => {
    const oneAt = at.field('additional_addresses').index(index);
    return compileBind(one.address, additionalKeepAlive(one, message, own, oneAt, context), oneAt.field('address'), context);
  });
  return [compileBind(message.address, own, at.field('address'), context), ...additional].filter((bind) => bind !== undefined);
}

/** What it does not say is the listener's, `own`. */
function additionalKeepAlive({ tcpKeepalive, socketOptions }: AdditionalAddress, message: ListenerMessage, own: KeepAlive | undefined, at: ConfigPath, context: CompileContext): KeepAlive | undefined {
  if (tcpKeepalive === undefined && socketOptions === undefined) return own;
  const keepAlive = tcpKeepalive ?? message.tcpKeepalive;
  return compileKeepAlive(keepAlive, socketOptions?.socketOptions ?? message.socketOptions, at.field('socket_options').field('socket_options'), context);
}

/** `::` in any spelling, and what is mapped from IPv4. */
const IPV4_COMPATIBLE = /^(?:[0:]*:[0:]*|[0:]*:ffff:[0-9a-f.:]+)$/i;

function isUdp({ address }: ListenerMessage): boolean {
  return address?.address.case === 'socketAddress' && address.address.value.protocol === SocketAddress_Protocol.UDP;
}

function compileBind(message: AddressMessage | undefined, keepAlive: KeepAlive | undefined, at: ConfigPath, context: CompileContext): BindSpec | undefined {
  switch (message?.address.case) {
    case 'socketAddress': {
      const { address, portSpecifier, ipv4Compat, resolverName } = message.address.value;
      // The support table has refused it; what it means is known to the resolver.
      if (resolverName !== '') return undefined;
      if (portSpecifier.case !== 'portValue') {
        context.error(at.field('socket_address'), 'a listener needs a port_value');
        return undefined;
      }
      if (isIP(address) === 0) {
        context.error(at.field('socket_address').field('address'), `malformed IP address: ${address}`);
        return undefined;
      }
      const port = portSpecifier.value;
      if (ipv4Compat && !IPV4_COMPATIBLE.test(address)) {
        const sentence = "Only IPv6 address '::' or valid IPv4-mapped IPv6 address can set ipv4_compat";
        context.error(at.field('socket_address').field('ipv4_compat'), `${sentence}: ${address}:${port}`);
        return undefined;
      }
      const text = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
      return { address: { kind: 'ip', host: address, port, text }, ipv6Only: !ipv4Compat, pipeMode: 0, keepAlive };
    }
    case 'pipe': {
      const { path, mode } = message.address.value;
      return { address: { kind: 'pipe', host: path, port: 0, text: path }, ipv6Only: false, pipeMode: mode, keepAlive: undefined };
    }
    default:
      context.error(at, 'a listener needs a socket_address or a pipe');
      return undefined;
  }
}

type Chains = Pick<ListenerSpec, 'chains' | 'finder' | 'defaultChain'>;

function compileChains(message: ListenerMessage, binds: readonly BindSpec[], at: ConfigPath, context: CompileContext): Chains | undefined {
  const { filterChains, defaultFilterChain, filterChainMatcher: matcher } = message;
  if (filterChains.length === 0 && defaultFilterChain === undefined) {
    context.error(at, `error adding listener '${message.name}': no filter chains specified`);
    return undefined;
  }
  const chainsAt = at.field('filter_chains');
  const addresses = binds.map(({ address }) => address.text).join(',');
  const finder = matcher === undefined ? compileFilterChainTable(filterChains, chainsAt, context) : compileFilterChainMatcher({ matcher, chains: filterChains, addresses }, at, context);
  const chains = filterChains.map((chain, index) => compileFilterChain(chain, chainsAt.index(index), context)).filter((chain) => chain !== undefined);
  const defaultChain = defaultFilterChain && compileFilterChain(defaultFilterChain, at.field('default_filter_chain'), context);
  if (chains.length < filterChains.length) return undefined;
  const isOnly = matcher === undefined && filterChains.length === 1 && asksNothing(filterChains[0]!);
  return { chains, finder: isOnly ? undefined : finder, defaultChain };
}

function asksNothing({ filterChainMatch }: FilterChain): boolean {
  return filterChainMatch === undefined || toBinary(schemaOf('envoy.config.listener.v3.FilterChainMatch'), filterChainMatch).length === 0;
}

const TLS_INSPECTOR = 'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector';

function compileListenerFilters(message: ListenerMessage, at: ConfigPath, context: CompileContext): ListenerFilter[] {
  const filters: ListenerFilter[] = [];
  message.listenerFilters.forEach(({ name, configType, filterDisabled }, index) => {
    const filterAt = at.index(index);
    const resolved = context.resolve('envoy.filters.listener', name, configType.case === 'typedConfig' ? configType.value : undefined, filterAt, false);
    if (resolved === undefined) return;
    const filter = resolved.extension.compile(resolved.config, filterAt.field('typed_config'), context) as ListenerFilter;
    if (index === 0 && filter?.usesAnother !== undefined) context.error(filterAt, filter.usesAnother);
    filters.push(unlessDisabled(filter, filterDisabled));
  });
  if (needsTlsInspector(message)) {
    context.warning(at, `adding listener '${message.name}': filter chain match rules require TLS Inspector listener filter, but it isn't configured`);
  }
  return filters;
}

function needsTlsInspector({ filterChains, listenerFilters }: ListenerMessage): boolean {
  const asks = filterChains.some(({ filterChainMatch: match }) => {
    if (match === undefined) return false;
    return match.transportProtocol === 'tls' || (match.transportProtocol === '' && match.serverNames.length + match.applicationProtocols.length > 0);
  });
  return asks && !listenerFilters.some(({ configType }) => configType.case === 'typedConfig' && configType.value.typeUrl.endsWith(TLS_INSPECTOR));
}

/** Everything that it counts. */
export function statsOf({ stats, chains, defaultChain }: ListenerSpec): readonly HeldStats[] {
  return [stats, ...chains.map((chain) => chain.stats), ...(defaultChain === undefined ? [] : [defaultChain.stats])];
}
