import { toBinary } from '@bufbuild/protobuf';
import type { FilterChain as FilterChainMessage, Listener as ListenerMessage } from '../api/generated/envoy/config/listener/v3.ts';
import { type Address as AddressMessage, SocketAddress_Protocol } from '../api/generated/envoy/config/core/v3.ts';
import { schemaOf } from '../api/registry.ts';
import type { CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';
import type { Address } from '../transport/transport.ts';
import { LISTENER, type TerminalNetworkFilter } from './network-filter.ts';

/** A compiled listener. */
export interface ListenerSpec {
  readonly name: string;
  readonly address: Address;
  /** `listener.<stat_prefix or address>`. */
  readonly statScope: string;
  /** Everything but the filter chains: listeners of equal socket keep their socket on an update. */
  readonly socketIdentity: string;
  readonly backlog: number;
  readonly reusePort: boolean;
  readonly ipv6Only: boolean;
  readonly pipeMode: number;
  readonly chain: FilterChainSpec;
}

export interface FilterChainSpec {
  readonly name: string;
  readonly filter: TerminalNetworkFilter;
}

const DEFAULT_BUFFER_LIMIT_BYTES = 1_048_576;

/** Returns undefined when the errors it reported leave nothing to serve. */
export function compileListener(message: ListenerMessage, position: number, at: ConfigPath, context: CompileContext): ListenerSpec | undefined {
  // Refused with its protocol; it has other parts than filter chains.
  if (isUdp(message)) return undefined;
  const address = compileAddress(message.address, at.field('address'), context);
  // A listener without a name keeps its identity over reloads by its place.
  const name = message.name === '' ? `listener_${position}` : message.name;
  const statScope = `listener.${(message.statPrefix === '' ? address?.text ?? '' : message.statPrefix).replaceAll(':', '_')}`;
  const bufferLimitBytes = message.perConnectionBufferLimitBytes ?? DEFAULT_BUFFER_LIMIT_BYTES;
  const inside = context.with(LISTENER, { name, statScope, bufferLimitBytes });
  const chain = compileChain(message, at, inside);
  if (address === undefined || chain === undefined) return undefined;
  return {
    name,
    address,
    statScope,
    socketIdentity: socketIdentity(message),
    backlog: message.tcpBacklogSize ?? 4096,
    reusePort: message.enableReusePort ?? true,
    ipv6Only: !(message.address?.address.case === 'socketAddress' && message.address.address.value.ipv4Compat),
    pipeMode: message.address?.address.case === 'pipe' ? message.address.address.value.mode : 0,
    chain,
  };
}

function isUdp({ address }: ListenerMessage): boolean {
  return address?.address.case === 'socketAddress' && address.address.value.protocol === SocketAddress_Protocol.UDP;
}

function socketIdentity(message: ListenerMessage): string {
  const schema = schemaOf('envoy.config.listener.v3.Listener');
  const bytes = toBinary(schema, { ...message, filterChains: [], defaultFilterChain: undefined });
  return Buffer.from(bytes).toString('latin1');
}

function compileAddress(message: AddressMessage | undefined, at: ConfigPath, context: CompileContext): Address | undefined {
  switch (message?.address.case) {
    case 'socketAddress': {
      const { address, portSpecifier } = message.address.value;
      if (portSpecifier.case !== 'portValue') {
        context.error(at.field('socket_address'), 'a listener needs a port_value');
        return undefined;
      }
      const port = portSpecifier.value;
      return { kind: 'ip', host: address, port, text: address.includes(':') ? `[${address}]:${port}` : `${address}:${port}` };
    }
    case 'pipe': {
      const { path } = message.address.value;
      return { kind: 'pipe', host: path, port: 0, text: path };
    }
    default:
      context.error(at, 'a listener needs a socket_address or a pipe');
      return undefined;
  }
}

function compileChain(message: ListenerMessage, at: ConfigPath, context: CompileContext): FilterChainSpec | undefined {
  if (message.filterChains.length > 1) {
    context.error(at.field('filter_chains').index(1), 'not supported: more than one filter chain');
    return undefined;
  }
  const chain = message.filterChains[0] ?? message.defaultFilterChain;
  if (chain === undefined) {
    context.error(at, `error adding listener '${message.name}': no filter chains specified`);
    return undefined;
  }
  return compileFilters(chain, message.filterChains.length > 0 ? at.field('filter_chains').index(0) : at.field('default_filter_chain'), context);
}

function compileFilters(chain: FilterChainMessage, at: ConfigPath, context: CompileContext): FilterChainSpec | undefined {
  let terminal: TerminalNetworkFilter | undefined;
  const last = chain.filters.length - 1;
  chain.filters.forEach((filter, index) => {
    const filterAt = at.field('filters').index(index);
    const typedConfig = filter.configType.case === 'typedConfig' ? filter.configType.value : undefined;
    const resolved = context.resolve('envoy.filters.network', filter.name, typedConfig, filterAt, false);
    if (resolved === undefined) return;
    if (resolved.extension.terminal !== true || index !== last) {
      context.error(filterAt, `not supported: ${resolved.extension.name} before another network filter`);
      return;
    }
    terminal = resolved.extension.compile(resolved.config, filterAt.field('typed_config'), context) as TerminalNetworkFilter;
  });
  if (chain.filters.length === 0) context.error(at.field('filters'), 'not supported: a filter chain without filters');
  return terminal === undefined ? undefined : { name: chain.name, filter: terminal };
}
