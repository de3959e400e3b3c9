import { util } from '../core/node-modules.ts';
import type { StatStore } from '../core/stats/stats.ts';
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

/** The name of the server that a request is for (`auto_sni`); '' when it names none. */
function requestedName({ header }: AutoSniSpec, { requestHeaders }: LoadBalancerContext): string {
  const value = (header === '' || header === ':authority' ? undefined : requestHeaders?.getText(header)) ?? requestHeaders?.authority ?? '';
  const colon = value.lastIndexOf(':');
  const host = colon > value.lastIndexOf(']') ? value.substring(0, colon) : value;
  return host;
}

function isIpLiteral(host: string): boolean {
  return host.startsWith('[') || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}

/** Of the pool that a stream's connection comes from. `hash`: of the filter state that is shared with it. */
export function poolTraits(spec: ClusterSpec, socket: UpstreamTransportSocket | undefined, context: LoadBalancerContext, hash: string): PoolTraits {
  const traits = socketTraits(spec, socket, context);
  // No other key begins so: names of servers hold no NUL.
  return hash === '' ? traits : { ...traits, key: `\0${hash.length}:${hash}${traits.key}`, passing: true };
}

function socketTraits(spec: ClusterSpec, socket: UpstreamTransportSocket | undefined, context: LoadBalancerContext): PoolTraits {
  const { autoSni } = spec.http;
  const name = autoSni === undefined || spec.transportSocket === undefined ? '' : requestedName(autoSni, context);
  const connection = socket?.poolKey === undefined ? undefined : context.downstream?.connection;
  if (connection === undefined || connection.hiddenFromUpstreams === true) return name === '' ? COMMON : { key: name, names: poolNames(autoSni!, name), downstream: undefined, passing: false };
  const downstream = { remote: connection.remoteAddress, local: connection.localAddress, tlvs: connection.proxyProtocolTlvs ?? [] };
  const names = name === '' ? undefined : poolNames(autoSni!, name);
  return { key: `${name} ${socket!.poolKey!(downstream)}`, names, downstream, passing: true };
}

export function tellsDownstream({ transportSocket, transportSocketMatches }: ClusterSpec): boolean {
  return transportSocket?.tellsDownstream === true || transportSocketMatches.some((each) => each.transportSocket?.tellsDownstream === true);
}

function poolNames({ sni, sanValidation }: AutoSniSpec, name: string): PoolNames {
  return { serverName: sni && !isIpLiteral(name) ? name : undefined, subjectAltNames: sanValidation ? [name.replace(/^\[|\]$/g, '')] : undefined };
}
