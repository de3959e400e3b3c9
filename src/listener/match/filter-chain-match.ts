import { isSameIpOrLoopback, type IpPrefix, IpPrefixMap } from '../../http/ip-prefix.ts';
import { ipAddressBytes } from '../../http/format/address-mask.ts';
import type { Address } from '../../transport/transport.ts';

/** What a filter chain asks of a connection (`filter_chain_match`); an empty list asks nothing. */
export interface FilterChainMatch {
  /** 0: any. */
  readonly destinationPort: number;
  readonly destinationPrefixes: readonly IpPrefix[];
  /** In lower case; `*.example.com` as `.example.com`. */
  readonly serverNames: readonly string[];
  readonly transportProtocol: string;
  readonly applicationProtocols: readonly string[];
  readonly directSourcePrefixes: readonly IpPrefix[];
  readonly sourceType: 'any' | 'local' | 'external';
  readonly sourcePrefixes: readonly IpPrefix[];
  readonly sourcePorts: readonly number[];
}

/** What is known of a connection when its chain is chosen. */
export interface MatchedSocket {
  readonly localAddress: Address;
  readonly remoteAddress: Address;
  readonly directRemoteAddress: Address;
  readonly requestedServerName: string;
  readonly transportProtocol: string;
  readonly applicationProtocols: readonly string[];
  readonly filterState: { get(key: string): unknown } | undefined;
}

/** Chains are named by their positions. */
export type ChainIndex = number;
/** None matches, so that the default chain serves, if there is one. */
export const DEFAULT_CHAIN: ChainIndex = -1;
/** Not even that one. */
export const NO_CHAIN: ChainIndex = -2;

/** Finds the chain of an accepted connection. */
export interface FilterChainFinder {
  find(socket: MatchedSocket): ChainIndex;
}

interface SourceTypes {
  any: IpPrefixMap<Ports> | undefined;
  local: IpPrefixMap<Ports> | undefined;
  external: IpPrefixMap<Ports> | undefined;
}
type Ports = Map<number, ChainIndex>;
type DirectSources = IpPrefixMap<SourceTypes>;
type Names<Next> = Map<string, Next>;
type ServerNames = Names<Names<Names<DirectSources>>>;

/** Shorter than any prefix, so that a chain which asks for `0.0.0.0/0` is more specific than one that asks for nothing. */
const EVERYWHERE: readonly IpPrefix[] = [
  { bytes: new Uint8Array(4), bits: -1, text: '' },
  { bytes: new Uint8Array(16), bits: -1, text: '' },
];
/** Stands for a Unix socket's address: only chains that ask for no network match it. */
const NOWHERE = new Uint8Array([255, 255, 255, 255]);

/**
 * Envoy's steps: destination port, destination address, server name, transport protocol, application protocol, directly connected source,
 * type of source, source address, source port. Each takes the most specific value that matches, and there is no way back: a chain that matches in
 * all but a later step is not found when another was more specific before.
 */
export class FilterChainTable implements FilterChainFinder {
  readonly #ports = new Map<number, IpPrefixMap<ServerNames>>();

  /** The chain that already has one of the combinations; undefined when it was added. */
  add(chain: ChainIndex, match: FilterChainMatch): ChainIndex | undefined {
    let other: ChainIndex | undefined;
    const destinations = entry(this.#ports, match.destinationPort, () => new IpPrefixMap<ServerNames>());
    for (const destination of orEverywhere(match.destinationPrefixes)) {
      const names = prefixEntry(destinations, destination, (): ServerNames => new Map());
      for (const name of orAny(match.serverNames)) {
        const transports = entry(names, name, () => new Map());
        const protocols: Names<DirectSources> = entry(transports, match.transportProtocol, () => new Map());
        for (const protocol of orAny(match.applicationProtocols)) {
          other ??= addSources(entry(protocols, protocol, () => new IpPrefixMap<SourceTypes>()), chain, match);
        }
      }
    }
    return other;
  }

  find(socket: MatchedSocket): ChainIndex {
    const { localAddress } = socket;
    const address = localAddress.kind === 'ip' ? (ipAddressBytes(localAddress.host) ?? NOWHERE) : NOWHERE;
    // A Unix socket's port is 0, which no chain asks for.
    const names = (this.#ports.get(localAddress.port) ?? this.#ports.get(0))?.find(address);
    const transports = names === undefined ? undefined : byServerName(names, socket.requestedServerName);
    const protocols = transports?.get(socket.transportProtocol) ?? transports?.get('');
    const directSources = protocols === undefined ? undefined : byApplicationProtocol(protocols, socket.applicationProtocols);
    const types = directSources?.find(bytesOf(socket.directRemoteAddress));
    return types === undefined ? DEFAULT_CHAIN : bySource(types, socket);
  }
}

function addSources(directSources: DirectSources, chain: ChainIndex, match: FilterChainMatch): ChainIndex | undefined {
  let other: ChainIndex | undefined;
  for (const direct of orEverywhere(match.directSourcePrefixes)) {
    const types = prefixEntry(directSources, direct, (): SourceTypes => ({ any: undefined, local: undefined, external: undefined }));
    const sources = (types[match.sourceType] ??= new IpPrefixMap<Ports>());
    for (const source of orEverywhere(match.sourcePrefixes)) {
      const ports = prefixEntry(sources, source, (): Ports => new Map());
      for (const port of match.sourcePorts.length === 0 ? [0] : match.sourcePorts) {
        const there = ports.get(port);
        if (there === undefined) ports.set(port, chain);
        else other ??= there;
      }
    }
  }
  return other;
}

function byServerName<Next>(names: Names<Next>, serverName: string): Next | undefined {
  const exact = serverName === '' ? undefined : names.get(serverName);
  if (exact !== undefined) return exact;
  for (let dot = serverName.indexOf('.', 1); dot > 0 && dot < serverName.length - 1; dot = serverName.indexOf('.', dot + 1)) {
    const wildcard = names.get(serverName.substring(dot));
    if (wildcard !== undefined) return wildcard;
  }
  return names.get('');
}

function byApplicationProtocol<Next>(protocols: Names<Next>, offered: readonly string[]): Next | undefined {
  for (const protocol of offered) {
    const found = protocols.get(protocol);
    if (found !== undefined) return found;
  }
  return protocols.get('');
}

function bySource(types: SourceTypes, socket: MatchedSocket): ChainIndex {
  let sources = types.any;
  if (types.local !== undefined || types.external !== undefined) {
    const matching = isSameIpOrLoopback(socket.remoteAddress, socket.localAddress) ? types.local : types.external;
    if (matching !== undefined) sources = matching;
  }
  const ports = sources?.find(bytesOf(socket.remoteAddress));
  if (ports === undefined) return DEFAULT_CHAIN;
  return ports.get(socket.remoteAddress.port) ?? ports.get(0) ?? DEFAULT_CHAIN;
}

function bytesOf(address: Address): Uint8Array {
  return (address.kind === 'ip' ? ipAddressBytes(address.host) : undefined) ?? NOWHERE;
}

const ANY_NAME: readonly string[] = [''];

function orAny(names: readonly string[]): readonly string[] {
  return names.length === 0 ? ANY_NAME : names;
}

function orEverywhere(prefixes: readonly IpPrefix[]): readonly IpPrefix[] {
  return prefixes.length === 0 ? EVERYWHERE : prefixes;
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

function prefixEntry<Value>(map: IpPrefixMap<Value>, prefix: IpPrefix, make: () => Value): Value {
  let value = map.get(prefix);
  if (value === undefined) map.set(prefix, (value = make()));
  return value;
}
