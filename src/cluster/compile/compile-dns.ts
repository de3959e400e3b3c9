import type { Cluster, Cluster_RefreshRate } from '../../api/generated/envoy/config/cluster/v3.ts';
import { Cluster_DnsLookupFamily } from '../../api/generated/envoy/config/cluster/v3.ts';
import type { Address, DnsResolutionConfig, DnsResolverOptions, TypedExtensionConfig } from '../../api/generated/envoy/config/core/v3.ts';
import type { ClusterLoadAssignment, LocalityLbEndpoints } from '../../api/generated/envoy/config/endpoint/v3.ts';
import type { DnsCluster } from '../../api/generated/envoy/extensions/clusters/dns/v3.ts';
import { DnsLookupFamily } from '../../api/generated/envoy/extensions/clusters/common/dns/v3.ts';
import type { CaresDnsResolverConfig } from '../../api/generated/envoy/extensions/network/dns_resolver/cares/v3.ts';
import { durationMs } from '../../core/durations.ts';
import type { Bootstrap } from '../../api/generated/envoy/config/bootstrap/v3.ts';
import { type CompileContext, serviceKey } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import type { DnsSpec, DnsTarget, LogicalDnsSpec, LookupFamily, ResolverSpec, StrictDnsSpec } from '../cluster-spec.ts';
import { compileAddress, compileLocality, compileMetadata, compilePolicy, healthOf } from './compile-endpoints.ts';

const DEFAULT_REFRESH_MS = 5_000;
const DEFAULT_QUERY_TIMEOUT_MS = 5_000;
const DEFAULT_QUERY_TRIES = 4;
const CARES = 'envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig';
const GETADDRINFO = 'envoy.extensions.network.dns_resolver.getaddrinfo.v3.GetAddrInfoDnsResolverConfig';
export const SYSTEM_RESOLVER = { kind: 'dns', servers: [], search: true, timeoutMs: DEFAULT_QUERY_TIMEOUT_MS, tries: DEFAULT_QUERY_TRIES } as const;

/** What resolves the names of clusters that do not say it themselves. */
export const DEFAULT_RESOLVER = serviceKey<ResolverSpec>('default DNS resolver');

export function compileStrictDns(cluster: Cluster, dns: DnsSpec, at: ConfigPath, context: CompileContext): StrictDnsSpec {
  const targets: DnsTarget[] = [];
  cluster.loadAssignment?.endpoints.forEach((group, index) => {
    const groupAt = at.field('load_assignment').field('endpoints').index(index);
    group.lbEndpoints.forEach((_, position) => {
      const target = compileTarget(group, position, 'STRICT_DNS', groupAt, context);
      if (target !== undefined) targets.push(target);
    });
  });
  return { kind: 'strict-dns', dns, targets, policy: compilePolicy(cluster.loadAssignment) };
}

export function compileLogicalDns(cluster: Cluster, dns: DnsSpec, at: ConfigPath, context: CompileContext): LogicalDnsSpec | undefined {
  const { loadAssignment } = cluster;
  const group = singleGroup(loadAssignment);
  if (group === undefined) {
    const message =
      loadAssignment === undefined
        ? 'LOGICAL_DNS clusters must have a single host'
        : 'LOGICAL_DNS clusters must have a single locality_lb_endpoint and a single lb_endpoint';
    context.error(loadAssignment === undefined ? at : at.field('load_assignment'), message);
    return undefined;
  }
  const target = compileTarget(group, 0, 'LOGICAL_DNS', at.field('load_assignment').field('endpoints').index(0), context);
  return target === undefined ? undefined : { kind: 'logical-dns', dns, target, policy: compilePolicy(loadAssignment) };
}

/** The settings that a cluster carries itself. */
export function compileClusterDns(cluster: Cluster, at: ConfigPath, context: CompileContext): DnsSpec {
  return {
    refreshMs: durationMs(cluster.dnsRefreshRate) ?? DEFAULT_REFRESH_MS,
    failureRefresh: compileFailureRefresh(cluster.dnsFailureRefreshRate, at, context),
    jitterMs: durationMs(cluster.dnsJitter) ?? 0,
    respectTtl: cluster.respectDnsTtl,
    family: CLUSTER_FAMILIES[cluster.dnsLookupFamily],
    waitForWarm: cluster.waitForWarmOnInit ?? true,
    resolver: compileResolver(cluster, at, context),
  };
}

/** The settings of `envoy.cluster.dns`. */
export function compileDnsCluster(cluster: Cluster, dns: DnsCluster, at: ConfigPath, context: CompileContext): DnsSpec {
  return {
    refreshMs: durationMs(dns.dnsRefreshRate) ?? DEFAULT_REFRESH_MS,
    failureRefresh: compileFailureRefresh(dns.dnsFailureRefreshRate, at, context),
    jitterMs: durationMs(dns.dnsJitter) ?? 0,
    respectTtl: dns.respectDnsTtl,
    family: DNS_FAMILIES[dns.dnsLookupFamily],
    waitForWarm: cluster.waitForWarmOnInit ?? true,
    resolver: compileStatedResolver({ typedDnsResolverConfig: dns.typedDnsResolverConfig }, at, context) ?? context.service(DEFAULT_RESOLVER),
  };
}

function singleGroup(assignment: ClusterLoadAssignment | undefined): LocalityLbEndpoints | undefined {
  const group = assignment?.endpoints.length === 1 ? assignment.endpoints[0] : undefined;
  return group?.lbEndpoints.length === 1 ? group : undefined;
}

type DnsType = 'STRICT_DNS' | 'LOGICAL_DNS';

function compileTarget(
  group: LocalityLbEndpoints,
  position: number,
  type: DnsType,
  groupAt: ConfigPath,
  context: CompileContext,
): DnsTarget | undefined {
  const message = group.lbEndpoints[position];
  const at = groupAt.field('lb_endpoints').index(position).field('endpoint').field('address');
  const endpoint = message.hostIdentifier.case === 'endpoint' ? message.hostIdentifier.value : undefined;
  const address = endpoint?.address?.address;
  if (address?.case !== 'socketAddress') {
    context.error(at, `${type} clusters resolve names: a socket_address is needed`);
    return undefined;
  }
  const { address: name, portSpecifier, resolverName } = address.value;
  if (resolverName !== '') {
    context.error(at.field('socket_address').field('resolver_name'), `${type} clusters must NOT have a custom resolver name set`);
    return undefined;
  }
  if (portSpecifier.case === 'namedPort') {
    context.error(at.field('socket_address').field('named_port'), `${type} clusters need a port_value`);
    return undefined;
  }
  return {
    name,
    port: portSpecifier.value ?? 0,
    priority: group.priority,
    locality: compileLocality(group),
    localityWeight: group.loadBalancingWeight ?? 0,
    hostname: endpoint!.hostname === '' ? name : endpoint!.hostname,
    weight: message.loadBalancingWeight ?? 1,
    health: healthOf(message),
    metadata: compileMetadata(message.metadata),
    localityMetadata: compileMetadata(group.metadata),
  };
}

function compileFailureRefresh(
  rate: Pick<Cluster_RefreshRate, 'baseInterval' | 'maxInterval'> | undefined,
  at: ConfigPath,
  context: CompileContext,
): DnsSpec['failureRefresh'] {
  const baseMs = durationMs(rate?.baseInterval);
  if (baseMs === undefined) return undefined;
  const maxMs = durationMs(rate?.maxInterval) ?? baseMs * 10;
  if (maxMs < baseMs) {
    const message = 'dns_failure_refresh_rate must have max_interval greater than or equal to the base_interval';
    context.error(at.field('dns_failure_refresh_rate').field('max_interval'), message);
  }
  return { baseMs, maxMs };
}

/** The newest of three ways to say it wins. */
function compileResolver(cluster: Cluster, at: ConfigPath, context: CompileContext): ResolverSpec {
  const own = compileStatedResolver(cluster, at, context);
  if (own !== undefined) return own;
  if (cluster.dnsResolvers.length === 0) return context.service(DEFAULT_RESOLVER);
  return { ...SYSTEM_RESOLVER, servers: compileServers(cluster.dnsResolvers, at.field('dns_resolvers'), context) };
}

/** `DEFAULT_RESOLVER`. */
export function compileDefaultResolver(bootstrap: Bootstrap, at: ConfigPath, context: CompileContext): ResolverSpec {
  return compileStatedResolver(bootstrap, at, context) ?? SYSTEM_RESOLVER;
}

interface ResolverFields {
  readonly typedDnsResolverConfig?: TypedExtensionConfig | undefined;
  readonly dnsResolutionConfig?: DnsResolutionConfig | undefined;
}

function compileStatedResolver({ typedDnsResolverConfig, dnsResolutionConfig }: ResolverFields, at: ConfigPath, context: CompileContext): ResolverSpec | undefined {
  if (typedDnsResolverConfig !== undefined) return compileTypedResolver(typedDnsResolverConfig, at.field('typed_dns_resolver_config'), context);
  if (dnsResolutionConfig === undefined) return undefined;
  const servers = compileServers(dnsResolutionConfig.resolvers, at.field('dns_resolution_config').field('resolvers'), context);
  return { ...SYSTEM_RESOLVER, servers, search: searches(dnsResolutionConfig.dnsResolverOptions) };
}

function compileTypedResolver(config: TypedExtensionConfig, at: ConfigPath, context: CompileContext): ResolverSpec {
  if (config.typedConfig === undefined) return SYSTEM_RESOLVER;
  const typedAt = at.field('typed_config');
  const content = context.unpack(config.typedConfig, typedAt);
  switch (content?.typeName) {
    case undefined:
      return SYSTEM_RESOLVER;
    case GETADDRINFO:
      return { kind: 'getaddrinfo' };
    case CARES:
      return compileCares(content!.message as CaresDnsResolverConfig, typedAt, context);
    default:
      context.error(typedAt, `not supported: the DNS resolver ${content!.typeName}`);
      return SYSTEM_RESOLVER;
  }
}

function compileCares(message: CaresDnsResolverConfig, at: ConfigPath, context: CompileContext): ResolverSpec {
  return {
    kind: 'dns',
    servers: compileServers(message.resolvers, at.field('resolvers'), context),
    search: searches(message.dnsResolverOptions),
    timeoutMs: message.queryTimeoutSeconds === undefined ? DEFAULT_QUERY_TIMEOUT_MS : Number(message.queryTimeoutSeconds) * 1000,
    tries: message.queryTries ?? DEFAULT_QUERY_TRIES,
  };
}

function searches(options: DnsResolverOptions | undefined): boolean {
  return !(options?.noDefaultSearchDomain ?? false);
}

const DNS_PORT = 53;

function compileServers(addresses: readonly Address[], at: ConfigPath, context: CompileContext): string[] {
  const servers: string[] = [];
  addresses.forEach((message, index) => {
    const address = compileAddress(message, at.index(index), context);
    if (address?.kind === 'pipe') context.error(at.index(index), 'a name server has an IP address');
    if (address?.kind !== 'ip') return;
    const { host, port } = address;
    servers.push(`${host.includes(':') ? `[${host}]` : host}:${port === 0 ? DNS_PORT : port}`);
  });
  return servers;
}

const CLUSTER_FAMILIES: Readonly<Record<Cluster_DnsLookupFamily, LookupFamily>> = {
  [Cluster_DnsLookupFamily.AUTO]: 'auto',
  [Cluster_DnsLookupFamily.V4_ONLY]: 'v4-only',
  [Cluster_DnsLookupFamily.V6_ONLY]: 'v6-only',
  [Cluster_DnsLookupFamily.V4_PREFERRED]: 'v4-preferred',
  [Cluster_DnsLookupFamily.ALL]: 'all',
};

const DNS_FAMILIES: Readonly<Record<DnsLookupFamily, LookupFamily>> = {
  [DnsLookupFamily.UNSPECIFIED]: 'auto',
  [DnsLookupFamily.AUTO]: 'auto',
  [DnsLookupFamily.V4_ONLY]: 'v4-only',
  [DnsLookupFamily.V6_ONLY]: 'v6-only',
  [DnsLookupFamily.V4_PREFERRED]: 'v4-preferred',
  [DnsLookupFamily.ALL]: 'all',
};
