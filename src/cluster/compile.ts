import { hash } from 'node:crypto';
import type { CircuitBreakers, CircuitBreakers_Thresholds, Cluster } from '../api/generated/envoy/config/cluster/v3.ts';
import { Cluster_DiscoveryType } from '../api/generated/envoy/config/cluster/v3.ts';
import { RoutingPriority, type TransportSocket as SocketMessage } from '../api/generated/envoy/config/core/v3.ts';
import type { DnsCluster } from '../api/generated/envoy/extensions/clusters/dns/v3.ts';
import { durationMs } from '../core/durations.ts';
import type { CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';
import { refuseStatsMatcher } from '../http/stats-matcher-metadata.ts';
import type { UpstreamTransportSocket } from '../transport/transport-socket.ts';
import type { BreakerSpec, ClusterSpec, DiscoverySpec, DnsSpec, TransportSocketSpec } from './cluster-spec.ts';
import { compileClusterDns, compileDnsCluster, compileLogicalDns, compileStrictDns } from './compile/compile-dns.ts';
import { canonicalIp, compileAssignment, compileMetadata } from './compile/compile-endpoints.ts';
import { compileHttp } from './compile/compile-http.ts';
import { CLUSTER, clusterStatName, clusterStatScope, observabilityName } from './cluster-facts.ts';
import { compileLoadBalancing } from './compile/compile-load-balancer.ts';

const DEFAULT_CONNECT_TIMEOUT_MS = 5_000;
const DEFAULT_BUFFER_LIMIT_BYTES = 1_048_576;
const DNS_CLUSTER = 'envoy.extensions.clusters.dns.v3.DnsCluster';

/** envoy.config.cluster.v3.Cluster. Opens nothing; undefined when the errors it reported leave nothing to serve. */
export function compileCluster(message: Cluster, at: ConfigPath, context: CompileContext): ClusterSpec | undefined {
  const discovery = compileDiscovery(message, at, context);
  const isPlain = message.transportSocket === undefined && message.transportSocketMatches.length === 0;
  const inside = isPlain ? context : context.with(CLUSTER, { statScope: clusterStatScope(message) });
  refuseStatsMatcher(message.metadata, at.field('metadata'), context);
  const body = {
    name: message.name,
    observabilityName: observabilityName(message),
    statName: clusterStatName(message),
    perEndpointStats: message.trackClusterStats?.perEndpointStats ?? false,
    connectTimeoutMs: durationMs(message.connectTimeout) ?? DEFAULT_CONNECT_TIMEOUT_MS,
    bufferLimitBytes: message.perConnectionBufferLimitBytes ?? DEFAULT_BUFFER_LIMIT_BYTES,
    ...compileLoadBalancing(message, at, context),
    breakers: compileBreakers(message.circuitBreakers),
    http: compileHttp(message, at, context),
    tcpKeepAlive: compileKeepAlive(message, at, context),
    localAddress: compileLocalAddress(message, at, context),
    closeConnectionsOnHostSetChange: message.commonLbConfig?.closeConnectionsOnHostSetChange ?? false,
    metadata: compileMetadata(message.metadata),
    transportSocket: compileTransportSocket(message.transportSocket, at.field('transport_socket'), inside),
    transportSocketMatches: message.transportSocketMatches.map((each, index) => {
      const socketAt = at.field('transport_socket_matches').index(index).field('transport_socket');
      return { name: each.name, match: (each.match ?? {}) as Readonly<Record<string, unknown>>, transportSocket: compileTransportSocket(each.transportSocket, socketAt, inside) };
    }),
  };
  if (discovery === undefined) return undefined;
  const spec = { ...body, discovery };
  return { ...spec, hash: hash('sha256', JSON.stringify(spec), 'base64') };
}

function compileDiscovery(cluster: Cluster, at: ConfigPath, context: CompileContext): DiscoverySpec | undefined {
  const { clusterDiscoveryType: choice } = cluster;
  if (choice.case === 'clusterType') return compileClusterType(cluster, choice.value.name, at.field('cluster_type'), at, context);
  switch (choice.value ?? Cluster_DiscoveryType.STATIC) {
    case Cluster_DiscoveryType.STRICT_DNS:
      return compileStrictDns(cluster, compileClusterDns(cluster, at, context), at, context);
    case Cluster_DiscoveryType.LOGICAL_DNS:
      return compileLogicalDns(cluster, compileClusterDns(cluster, at, context), at, context);
    default:
      // The support table has refused the other types.
      return { kind: 'static', assignment: compileAssignment(cluster.loadAssignment, at.field('load_assignment'), context) };
  }
}

function compileClusterType(
  cluster: Cluster,
  name: string,
  typeAt: ConfigPath,
  at: ConfigPath,
  context: CompileContext,
): DiscoverySpec | undefined {
  const any = cluster.clusterDiscoveryType.case === 'clusterType' ? cluster.clusterDiscoveryType.value.typedConfig : undefined;
  const content = any === undefined ? undefined : context.unpack(any, typeAt.field('typed_config'));
  if (content?.typeName === DNS_CLUSTER) return compileDnsType(cluster, content.message as DnsCluster, typeAt.field('typed_config'), at, context);
  switch (name) {
    case 'envoy.cluster.static':
      return { kind: 'static', assignment: compileAssignment(cluster.loadAssignment, at.field('load_assignment'), context) };
    case 'envoy.cluster.strict_dns':
      return compileStrictDns(cluster, compileClusterDns(cluster, at, context), at, context);
    case 'envoy.cluster.logical_dns':
      return compileLogicalDns(cluster, compileClusterDns(cluster, at, context), at, context);
    default: {
      const known = ENVOY_CLUSTER_TYPES.has(name);
      context.error(typeAt, known ? `not supported: clusters of type ${name}` : `Didn't find a registered cluster factory implementation for name: '${name}'`);
      return undefined;
    }
  }
}

const ENVOY_CLUSTER_TYPES = new Set(
  'aggregate composite dns dynamic_forward_proxy dynamic_modules eds mcp_multicluster original_dst redis reverse_connection'
    .split(' ')
    .flatMap((type) => [`envoy.cluster.${type}`, `envoy.clusters.${type}`]),
);

function compileDnsType(
  cluster: Cluster,
  dns: DnsCluster,
  typedAt: ConfigPath,
  at: ConfigPath,
  context: CompileContext,
): DiscoverySpec | undefined {
  const spec: DnsSpec = compileDnsCluster(cluster, dns, typedAt, context);
  const compile = dns.allAddressesInSingleEndpoint ? compileLogicalDns : compileStrictDns;
  return compile(cluster, spec, at, context);
}

function compileTransportSocket(socket: SocketMessage | undefined, at: ConfigPath, context: CompileContext): TransportSocketSpec | undefined {
  if (socket === undefined) return undefined;
  const any = socket.configType.case === 'typedConfig' ? socket.configType.value : undefined;
  const resolved = context.resolve('envoy.transport_sockets.upstream', socket.name, any, at, false);
  if (resolved === undefined) return undefined;
  const compiled = resolved.extension.compile(resolved.config, at.field('typed_config'), context) as UpstreamTransportSocket | undefined;
  if (compiled === undefined) return undefined;
  const value = Buffer.from(any!.value).toString('base64');
  return { name: socket.name, typeUrl: any!.typeUrl, value, tellsDownstream: compiled.poolKey !== undefined };
}

function compileBreakers(message: CircuitBreakers | undefined): readonly [BreakerSpec, BreakerSpec] {
  const limitsOf = (priority: RoutingPriority): BreakerSpec => breakerSpec(message?.thresholds.find((each) => each.priority === priority));
  return [limitsOf(RoutingPriority.DEFAULT), limitsOf(RoutingPriority.HIGH)];
}

/** Envoy has no limit here; this is as good as none and survives JSON. */
const UNLIMITED = Number.MAX_SAFE_INTEGER;

const DEFAULT_BREAKERS: BreakerSpec = {
  maxConnections: 1024,
  maxPendingRequests: 1024,
  maxRequests: 1024,
  maxRetries: 3,
  maxConnectionPools: UNLIMITED,
  trackRemaining: false,
};

function breakerSpec(thresholds: CircuitBreakers_Thresholds | undefined): BreakerSpec {
  if (thresholds === undefined) return DEFAULT_BREAKERS;
  return {
    maxConnections: thresholds.maxConnections ?? DEFAULT_BREAKERS.maxConnections,
    maxPendingRequests: thresholds.maxPendingRequests ?? DEFAULT_BREAKERS.maxPendingRequests,
    maxRequests: thresholds.maxRequests ?? DEFAULT_BREAKERS.maxRequests,
    maxRetries: thresholds.maxRetries ?? DEFAULT_BREAKERS.maxRetries,
    maxConnectionPools: thresholds.maxConnectionPools ?? UNLIMITED,
    trackRemaining: thresholds.trackRemaining,
  };
}

/** The kernel's default for an unset `keepalive_time`. */
const DEFAULT_KEEPALIVE_SECONDS = 7_200;

function compileKeepAlive(cluster: Cluster, at: ConfigPath, context: CompileContext): ClusterSpec['tcpKeepAlive'] {
  const keepAlive = cluster.upstreamConnectionOptions?.tcpKeepalive;
  if (keepAlive === undefined) return undefined;
  const keepAliveAt = at.field('upstream_connection_options').field('tcp_keepalive');
  if (keepAlive.keepaliveProbes !== undefined || keepAlive.keepaliveInterval !== undefined) {
    context.warning(keepAliveAt, 'only keepalive_time has an effect: Node.js sends 10 probes, one a second');
  }
  return { initialDelayMs: (keepAlive.keepaliveTime ?? DEFAULT_KEEPALIVE_SECONDS) * 1000 };
}

function compileLocalAddress(cluster: Cluster, at: ConfigPath, context: CompileContext): ClusterSpec['localAddress'] {
  const source = cluster.upstreamBindConfig?.sourceAddress;
  if (source === undefined) return undefined;
  const sourceAt = at.field('upstream_bind_config').field('source_address');
  const host = canonicalIp(source.address);
  if (host === undefined) context.error(sourceAt.field('address'), `malformed IP address: ${source.address}`);
  return { host: host ?? '', port: source.portSpecifier.case === 'portValue' ? source.portSpecifier.value : 0 };
}
