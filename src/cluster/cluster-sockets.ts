import { isIP } from 'node:net';
import { util } from '../core/node-modules.ts';
import type { StatStore } from '../core/stats/stats.ts';
import type { HeaderMap } from '../http/header-map.ts';
import type { LoadBalancerContext } from '../http/upstream.ts';
import type { DownstreamAddresses, UpstreamTransportSocket } from '../transport/transport-socket.ts';
import type { AutoSniSpec, ClusterSpec, HostMetadata, TransportSocketSpec } from './cluster-spec.ts';

/** Makes transport sockets in a thread. */
export interface SocketFactory {
  create(spec: TransportSocketSpec, statScope: string, stats: StatStore): UpstreamTransportSocket | undefined;
}

/** What the connections of one pool share because of the requests they carry. */
export interface PoolNames {
  readonly serverName: string | undefined;
  readonly subjectAltNames: readonly string[] | undefined;
}

/** What sets a pool apart from the others of its host. */
export interface PoolTraits {
  /** Equal for equal traits; '' = none. */
  readonly key: string;
  readonly names: PoolNames | undefined;
  readonly downstream: DownstreamAddresses | undefined;
  /** It serves few: the pool goes with its last connection. */
  readonly passing: boolean;
}

export const COMMON: PoolTraits = { key: '', names: undefined, downstream: undefined, passing: false };

const MATCH_METADATA = 'envoy.transport_socket_match';
const NO_METADATA: Readonly<Record<string, unknown>> = {};

/** The transport sockets of a cluster in one thread. */
export class ClusterSockets {
  readonly #default: UpstreamTransportSocket | undefined;
  readonly #matches: readonly { readonly match: Readonly<Record<string, unknown>>; readonly socket: UpstreamTransportSocket | undefined }[];

  constructor({ transportSocket, transportSocketMatches, statName }: ClusterSpec, factory: SocketFactory, stats: StatStore) {
    const scope = `cluster.${statName}`;
    this.#default = transportSocket && factory.create(transportSocket, scope, stats);
    this.#matches = transportSocketMatches.map(({ match, transportSocket: spec }) => ({ match, socket: spec && factory.create(spec, scope, stats) }));
  }

  /** The first match's whose values all stand in the endpoint's metadata. */
  socketOf(metadata: HostMetadata | undefined): UpstreamTransportSocket | undefined {
    if (this.#matches.length === 0) return this.#default;
    const values = metadata?.[MATCH_METADATA] ?? NO_METADATA;
    const found = this.#matches.find(({ match }) => Object.entries(match).every(([key, value]) => util.isDeepStrictEqual(values[key], value)));
    return found === undefined ? this.#default : found.socket;
  }
}

/** Whether its servers are told, or have to prove, the name that a request is for. */
export function isNamed({ http, transportSocket, transportSocketMatches }: ClusterSpec): boolean {
  return http.autoSni !== undefined && (transportSocket !== undefined || transportSocketMatches.length > 0);
}

const MAX_PORT = 65_535;

/** The server that a request is for: its host without the port. An address has no brackets. */
function requestedName({ header }: AutoSniSpec, headers: HeaderMap): string {
  // A client cannot do away with the name by an empty header.
  const value = (header !== '' && header !== ':authority' && headers.getText(header)) || headers.authority;
  const colon = value.endsWith(']') ? -1 : value.lastIndexOf(':');
  const port = value.substring(colon + 1);
  const name = colon !== -1 && /^\d+$/.test(port) && Number(port) <= MAX_PORT ? value.substring(0, colon) : value;
  const literal = name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name;
  return isIP(literal) === 0 ? name : literal;
}

/** Of the pool that a stream's connection comes from. `hash`: of the filter state that is shared with it. */
export function poolTraits(spec: ClusterSpec, socket: UpstreamTransportSocket | undefined, context: LoadBalancerContext, hash: string): PoolTraits {
  const traits = socketTraits(spec, socket, context);
  // No other key begins so: names of servers hold no NUL.
  return hash === '' ? traits : { ...traits, key: `\0${hash.length}:${hash}${traits.key}`, passing: true };
}

function socketTraits(spec: ClusterSpec, socket: UpstreamTransportSocket | undefined, context: LoadBalancerContext): PoolTraits {
  const { autoSni } = spec.http;
  const { requestHeaders } = context;
  const name = requestHeaders !== undefined && isNamed(spec) ? requestedName(autoSni!, requestHeaders) : undefined;
  const names = name === undefined ? undefined : poolNames(autoSni!, name);
  const connection = socket?.poolKey === undefined ? undefined : context.downstream?.connection;
  if (connection === undefined || connection.hiddenFromUpstreams === true) return name === undefined ? COMMON : { key: name, names, downstream: undefined, passing: false };
  const downstream = { remote: connection.remoteAddress, local: connection.localAddress, tlvs: connection.proxyProtocolTlvs ?? [] };
  return { key: `${name ?? ''} ${socket!.poolKey!(downstream)}`, names, downstream, passing: true };
}

export function tellsDownstream({ transportSocket, transportSocketMatches }: ClusterSpec): boolean {
  return transportSocket?.tellsDownstream === true || transportSocketMatches.some((each) => each.transportSocket?.tellsDownstream === true);
}

/** Where certificates are to bear the name, one that is empty is in none. */
function poolNames({ sni, sanValidation }: AutoSniSpec, name: string): PoolNames {
  return { serverName: sni && isIP(name) === 0 ? name : undefined, subjectAltNames: sanValidation ? [name] : undefined };
}
