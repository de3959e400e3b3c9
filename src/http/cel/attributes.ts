import type { NodeInfo } from '../../core/extension.ts';
import { wireText } from '../../core/wire-text.ts';
import type { CertificateInfo, TlsInfo } from '../../transport/transport-socket.ts';
import type { Address } from '../../transport/transport.ts';
import type { FormatContext } from '../format/operator.ts';
import { grpcStatusOfResponse } from '../grpc-status.ts';
import type { HeaderMap } from '../header-map.ts';
import { H, type HeaderName } from '../header-name.ts';
import type { Host } from '../upstream.ts';
import { type Attribute, type AttributeTable, type CelRead, metadataAttribute, tableAttribute } from './attribute.ts';
import type { CelAttributes } from './compile.ts';
import { FilterStateValues } from './filter-state-values.ts';
import { compileHeaderText, HeaderValues } from './header-values.ts';
import { localityValue, nodeValue } from './message-values.ts';
import { CelDuration, type CelResult, CelTimestamp, CelUint } from './value.ts';

/** Envoy's attributes (its documentation, "Attributes"). */

const whole = (value: number): bigint => BigInt(Math.round(value));
const text = (value: string | undefined): CelResult => (value === undefined || value === '' ? undefined : value);
const NANOS_PER_MICRO = 1_000n;

/** Microseconds are what clocks tell. */
function duration(fromMs: number, toMs: number): CelResult {
  return fromMs === 0 || toMs === 0 ? undefined : new CelDuration(whole((toMs - fromMs) * 1_000) * NANOS_PER_MICRO);
}

function headers(of: (context: FormatContext) => HeaderMap | undefined): Attribute {
  return {
    read: (context) => new HeaderValues(of(context)),
    member(key) {
      const read = compileHeaderText(key);
      return { read: (context) => read(of(context)) };
    },
  };
}

const requestHeader = (name: HeaderName): CelRead => ({ requestHeaders }) => requestHeaders?.get(name);

/** A request has one, be it empty; a connection has none. */
const pathOf = ({ requestHeaders }: FormatContext): string | undefined => requestHeaders?.path;

function contentLength(value: string | undefined): bigint | undefined {
  return value === undefined || !/^\d{1,18}$/.test(value) ? undefined : BigInt(value);
}

const REQUEST: AttributeTable = {
  path: (context) => text(pathOf(context)),
  url_path: (context) => pathOf(context)?.split('?', 1)[0],
  host: ({ requestHeaders }) => text(requestHeaders?.authority),
  scheme: ({ requestHeaders }) => text(requestHeaders?.scheme),
  method: ({ requestHeaders }) => text(requestHeaders?.method),
  headers: headers(({ requestHeaders }) => requestHeaders),
  headers_bytes: ({ requestHeaders }) => whole(requestHeaders?.byteSize() ?? 0),
  referer: requestHeader(H.referer),
  useragent: requestHeader(H.userAgent),
  time: ({ info }) => new CelTimestamp(whole(info.startWallMs * 1_000) * NANOS_PER_MICRO),
  id: requestHeader(H.xRequestId),
  protocol: ({ info }) => text(info.protocol),
  query(context) {
    const path = pathOf(context);
    if (path === undefined) return undefined;
    const mark = path.indexOf('?');
    return mark === -1 ? '' : path.substring(mark + 1).split('#', 1)[0];
  },
  duration: ({ info }) => duration(info.startMs, info.endMs),
  size({ info, requestHeaders }) {
    const length = requestHeaders?.get(H.contentLength);
    return length === undefined ? whole(info.bytesReceived) : contentLength(length);
  },
  total_size: ({ info, requestHeaders }) => whole(info.bytesReceived + (requestHeaders?.byteSize() ?? 0)),
};

const RESPONSE: AttributeTable = {
  code: ({ info }) => (info.responseCode === 0 ? undefined : whole(info.responseCode)),
  code_details: ({ info }) => text(info.responseCodeDetails),
  flags: ({ info }) => whole(info.responseFlags),
  grpc_status({ info, responseHeaders, responseTrailers }) {
    const status = grpcStatusOfResponse(responseHeaders, responseTrailers, info.responseCode);
    return status === undefined ? undefined : whole(status);
  },
  headers: headers(({ responseHeaders }) => responseHeaders),
  headers_bytes: ({ responseHeaders }) => whole(responseHeaders?.byteSize() ?? 0),
  trailers: headers(({ responseTrailers }) => responseTrailers),
  size: ({ info }) => whole(info.bytesSent),
  total_size: ({ info, responseHeaders, responseTrailers }) => whole(info.bytesSent + (responseHeaders?.byteSize() ?? 0) + trailersBytes(responseTrailers)),
  backend_latency: ({ info }) => (info.upstreamBytes === undefined ? undefined : duration(info.upstreamPoolReadyMs, info.upstreamResponseEndMs)),
};

/** Trailers have no status line that counts. */
function trailersBytes(trailers: HeaderMap | undefined): number {
  let bytes = 0;
  trailers?.forEach((name, value) => (bytes += name.length + value.length));
  return bytes;
}

const firstOf = (certificate: CertificateInfo | undefined, kind: 'uri' | 'dns'): CelResult => certificate?.alternatives(kind)[0];

/** Of a connection under TLS, downstream or upstream. */
function tlsTable(tlsOf: (context: FormatContext) => TlsInfo | undefined): AttributeTable {
  const of =
    (read: (tls: TlsInfo) => CelResult): CelRead =>
    (context) => {
      const tls = tlsOf(context);
      return tls && read(tls);
    };
  return {
    tls_version: of(({ version }) => version),
    subject_local_certificate: of((tls) => tls.local()?.subject ?? ''),
    subject_peer_certificate: of((tls) => tls.peer()?.subject ?? ''),
    uri_san_local_certificate: of((tls) => firstOf(tls.local(), 'uri')),
    uri_san_peer_certificate: of((tls) => firstOf(tls.peer(), 'uri')),
    dns_san_local_certificate: of((tls) => firstOf(tls.local(), 'dns')),
    dns_san_peer_certificate: of((tls) => firstOf(tls.peer(), 'dns')),
    sha256_peer_certificate_digest: of((tls) => tls.peer()?.sha256),
    peer_certificate: of((tls) => tls.peer() && decodeURIComponent(tls.peer()!.pem)),
  };
}

const CONNECTION: AttributeTable = {
  ...tlsTable(({ info }) => info.connection.tls),
  mtls: ({ info }) => info.connection.tls?.peer() !== undefined,
  requested_server_name: ({ info }) => info.connection.requestedServerName,
  id: ({ info }) => new CelUint(whole(info.connection.id)),
  termination_details: ({ info }) => text(info.connection.terminationDetails),
  transport_failure_reason: ({ info }) => text(info.downstreamTransportFailureReason),
};

const hasUpstream = ({ info }: FormatContext): boolean => info.upstreamHost !== undefined || info.upstreamTransportFailureReason !== '';

const UPSTREAM: AttributeTable = {
  ...tlsTable(({ info }) => info.upstreamTls),
  address: ({ info }) => info.upstreamHost?.address.text,
  port: ({ info }) => portOf(info.upstreamHost?.address),
  local_address: ({ info }) => info.upstreamLocalAddress?.text,
  locality: ({ info }) => info.upstreamHost && localityValue(info.upstreamHost.locality),
  transport_failure_reason: (context) => (hasUpstream(context) ? context.info.upstreamTransportFailureReason : undefined),
  cx_pool_ready_duration: ({ info }) => duration(info.upstreamRequestStartMs, info.upstreamPoolReadyMs),
  request_attempt_count: ({ info }) => new CelUint(whole(info.attemptCount)),
  num_endpoints: ({ info }) => info.upstreamCluster && new CelUint(whole(info.upstreamCluster.membership().total)),
};

function portOf(address: Address | undefined): CelResult {
  return address === undefined || address.kind === 'pipe' ? undefined : whole(address.port);
}

const SOURCE: AttributeTable = {
  address: ({ info }) => info.remoteAddress.text,
  port: ({ info }) => portOf(info.remoteAddress),
};

const DESTINATION: AttributeTable = {
  address: ({ info }) => info.connection.localAddress.text,
  port: ({ info }) => portOf(info.connection.localAddress),
};

/** A host without metadata has none, instead of an empty one. */
function ofHost<T>(host: Host | undefined, read: (host: Host) => T | undefined): T | 'absent' | 'null' {
  return host === undefined ? 'absent' : (read(host) ?? 'null');
}

const XDS: AttributeTable = {
  cluster_name: ({ info }) => info.upstreamCluster && wireText(info.upstreamCluster.name),
  cluster_metadata: metadataAttribute(({ info }) => (info.upstreamCluster === undefined ? 'absent' : info.upstreamCluster.metadata)),
  route_name: ({ info }) => info.route && wireText(info.routeName),
  route_metadata: metadataAttribute(({ info }) => (info.route === undefined ? 'absent' : info.route.metadata)),
  virtual_host_name: ({ info }) => info.virtualHost && wireText(info.virtualHost.name),
  virtual_host_metadata: metadataAttribute(({ info }) => (info.virtualHost === undefined ? 'absent' : info.virtualHost.metadata)),
  upstream_host_metadata: metadataAttribute(({ info }) => ofHost(info.upstreamHost, (host) => host.metadata)),
  upstream_host_locality_metadata: metadataAttribute(({ info }) => ofHost(info.upstreamHost, (host) => host.localityMetadata)),
  filter_chain_name: ({ info }) => wireText(info.connection.filterChainName),
  listener_metadata: metadataAttribute(({ info }) => info.connection.listenerMetadata),
  listener_direction: ({ info }) => whole(info.connection.listenerDirection ?? 0),
};

const ROOTS: Readonly<Record<string, Attribute>> = {
  request: tableAttribute(REQUEST),
  response: tableAttribute(RESPONSE),
  connection: tableAttribute(CONNECTION),
  upstream: tableAttribute(UPSTREAM),
  source: tableAttribute(SOURCE),
  destination: tableAttribute(DESTINATION),
  metadata: metadataAttribute(({ info }) => info.metadata),
  filter_state: { read: ({ info }) => new FilterStateValues((key) => info.stateOf(key)) },
  upstream_filter_state: { read: ({ info }) => (info.upstreamHost === undefined ? undefined : new FilterStateValues((key) => info.upstreamFilterState?.get(key))) },
};

/** What an expression may begin with. Without a node nothing is told of it, as where Envoy judges and does not log. */
export function celAttributes(node: NodeInfo | undefined): CelAttributes {
  const told = node && nodeValue(node);
  const xds = tableAttribute(told === undefined ? XDS : { ...XDS, node: () => told });
  return { names: [...Object.keys(ROOTS), 'xds'], find: (name) => (name === 'xds' ? xds : Object.hasOwn(ROOTS, name) ? ROOTS[name] : undefined) };
}
