import { isDeepStrictEqual } from 'node:util';
import type { LoadBalancerContext } from '../http/upstream.ts';
import type { UpstreamTransportSocket } from '../transport/transport-socket.ts';
import type { AutoSniSpec, ClusterSpec, HostMetadata, TransportSocketSpec } from './cluster-spec.ts';

/** Makes transport sockets in a thread. */
export interface SocketFactory {
  create(spec: TransportSocketSpec, statScope: string): UpstreamTransportSocket | undefined;
}

/** What the connections of one pool share because of the requests they carry. */
export interface PoolNames {
  readonly serverName: string | undefined;
  readonly subjectAltNames: readonly string[] | undefined;
}

const MATCH_METADATA = 'envoy.transport_socket_match';
const NO_METADATA: Readonly<Record<string, unknown>> = {};

/** The transport sockets of a cluster in one thread. */
export class ClusterSockets {
  readonly #default: UpstreamTransportSocket | undefined;
  readonly #matches: readonly { readonly match: Readonly<Record<string, unknown>>; readonly socket: UpstreamTransportSocket | undefined }[];

  constructor({ transportSocket, transportSocketMatches, statName }: ClusterSpec, factory: SocketFactory) {
    const scope = `cluster.${statName}`;
    this.#default = transportSocket && factory.create(transportSocket, scope);
    this.#matches = transportSocketMatches.map(({ match, transportSocket: spec }) => ({ match, socket: spec && factory.create(spec, scope) }));
  }

  /** The first match's whose values all stand in the endpoint's metadata. */
  socketOf(metadata: HostMetadata | undefined): UpstreamTransportSocket | undefined {
    if (this.#matches.length === 0) return this.#default;
    const values = metadata?.[MATCH_METADATA] ?? NO_METADATA;
    const found = this.#matches.find(({ match }) => Object.entries(match).every(([key, value]) => isDeepStrictEqual(values[key], value)));
    return found === undefined ? this.#default : found.socket;
  }
}

/** The name of the server that a request is for (`auto_sni`); '' when it names none. */
export function requestedName({ header }: AutoSniSpec, { requestHeaders }: LoadBalancerContext): string {
  const value = (header === '' || header === ':authority' ? undefined : requestHeaders?.getText(header)) ?? requestHeaders?.authority ?? '';
  const colon = value.lastIndexOf(':');
  const host = colon > value.lastIndexOf(']') ? value.substring(0, colon) : value;
  return host;
}

export function isIpLiteral(host: string): boolean {
  return host.startsWith('[') || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}

export function poolNames({ sni, sanValidation }: AutoSniSpec, name: string): PoolNames {
  return { serverName: sni && !isIpLiteral(name) ? name : undefined, subjectAltNames: sanValidation ? [name.replace(/^\[|\]$/g, '')] : undefined };
}
