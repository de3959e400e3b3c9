import { SimpleMetric_Type } from '../api/generated/envoy/admin/v3.ts';
import { HealthStatus as EdsHealth, RoutingPriority } from '../api/generated/envoy/config/core/v3.ts';
import { schemaOf } from '../api/registry.ts';
import type { AdminBreaker, AdminCluster, AdminClusterHost, AdminHost } from './admin-host.ts';
import { type AdminRequest, type AdminResponse, json, text } from './handler.ts';
import { addressMessage, make } from './messages.ts';
import { searchFilter } from './name-filter.ts';
import { protoJsonText } from './proto-json.ts';

/** `/clusters` */
export function clusters({ params }: AdminRequest, host: AdminHost): AdminResponse {
  const pattern = params.get('filter') ?? '';
  const filter = pattern === '' ? () => true : searchFilter(pattern);
  if (typeof filter === 'string') return text('Invalid re2 regex', 400);
  const all = host.clusters().filter(({ name }) => filter(name));
  const counted = host.stats.endpointValues();
  if (params.get('format') === 'json') return json(statuses(all, counted));
  return text(lines(all, counted));
}

type Counted = ReturnType<AdminHost['stats']['endpointValues']>;

const COUNTERS = ['cx_connect_fail', 'cx_total', 'rq_error', 'rq_success', 'rq_timeout', 'rq_total'];
const GAUGES = ['cx_active', 'rq_active', 'rq_pending_active'];
const SORTED = [...COUNTERS, ...GAUGES].sort();

function* lines(all: readonly AdminCluster[], counted: Counted): Generator<string> {
  for (const { name, observabilityName, breakers, addedViaApi, hosts } of all) {
    yield `${name}::observability_name::${observabilityName}\n${breakerLines(name, 'default', breakers[0])}${breakerLines(name, 'high', breakers[1])}` +
      `${name}::added_via_api::${addedViaApi}\n`;
    for (const host of hosts) yield hostLines(`${name}::${host.address.text}::`, host, counted.get(host.statPrefix));
  }
}

function breakerLines(cluster: string, priority: string, breaker: AdminBreaker): string {
  const start = `${cluster}::${priority}_priority::`;
  return (
    `${start}max_connections::${limit(breaker.maxConnections)}\n${start}max_pending_requests::${limit(breaker.maxPendingRequests)}\n` +
    `${start}max_requests::${limit(breaker.maxRequests)}\n${start}max_retries::${limit(breaker.maxRetries)}\n`
  );
}

/** Without a limit Envoy shows the greatest number the field can hold. */
function limit(value: number): number {
  return Math.min(value, 0xffff_ffff);
}

function hostLines(start: string, host: AdminClusterHost, values: ReadonlyMap<string, number> | undefined): string {
  const { region, zone, subZone } = host.locality;
  const counts = SORTED.map((name) => `${start}${name}::${values?.get(name) ?? 0}\n`).join('');
  return (
    `${counts}${start}hostname::${host.hostname}\n${start}health_flags::${host.healthFlagsText}\n${start}weight::${host.weight}\n` +
    `${start}region::${region}\n${start}zone::${zone}\n${start}sub_zone::${subZone}\n${start}canary::${host.canary}\n` +
    `${start}priority::${host.priority}\n${start}success_rate::${host.successRate}\n${start}local_origin_success_rate::${host.localOriginSuccessRate}\n`
  );
}

/** `envoy.admin.v3.Clusters`, each member made when its turn comes: there may be many. */
function* statuses(all: readonly AdminCluster[], counted: Counted): Generator<string> {
  if (all.length === 0) {
    yield '{}\n';
    return;
  }
  const schema = schemaOf('envoy.admin.v3.ClusterStatus');
  let before = '{\n "cluster_statuses": [\n  ';
  for (const cluster of all) {
    const status = protoJsonText(schema, make('envoy.admin.v3.ClusterStatus', statusOf(cluster, counted)));
    yield before + status.trimEnd().replaceAll('\n', '\n  ');
    before = ',\n  ';
  }
  yield '\n ]\n}\n';
}

function statusOf({ name, observabilityName, addedViaApi, breakers, hosts }: AdminCluster, counted: Counted) {
  return {
    name,
    observabilityName,
    addedViaApi,
    circuitBreakers: { thresholds: [threshold(breakers[0], RoutingPriority.DEFAULT), threshold(breakers[1], RoutingPriority.HIGH)] },
    hostStatuses: hosts.map((host) => hostStatus(host, counted.get(host.statPrefix))),
  };
}

function threshold(breaker: AdminBreaker, priority: RoutingPriority) {
  return {
    priority,
    maxConnections: limit(breaker.maxConnections),
    maxPendingRequests: limit(breaker.maxPendingRequests),
    maxRequests: limit(breaker.maxRequests),
    maxRetries: limit(breaker.maxRetries),
  };
}

function hostStatus(host: AdminClusterHost, values: ReadonlyMap<string, number> | undefined) {
  const metric = (type: SimpleMetric_Type) => (name: string) => ({ type, name, value: BigInt(values?.get(name) ?? 0) });
  return {
    address: addressMessage(host.address),
    stats: [...COUNTERS.map(metric(SimpleMetric_Type.COUNTER)), ...GAUGES.map(metric(SimpleMetric_Type.GAUGE))],
    healthStatus: { edsHealthStatus: edsHealthOf(host) },
    weight: host.weight,
    hostname: host.hostname,
    priority: host.priority,
    locality: { ...host.locality },
    ...(host.successRate < 0 ? {} : { successRate: { value: host.successRate } }),
    ...(host.localOriginSuccessRate < 0 ? {} : { localOriginSuccessRate: { value: host.localOriginSuccessRate } }),
  };
}

/** Envoy shows what it made of the configured state: an endpoint of unknown state counts as healthy. */
export function edsHealthOf({ edsHealth }: AdminClusterHost): EdsHealth {
  switch (edsHealth) {
    case 'UNHEALTHY':
    case 'TIMEOUT':
      return EdsHealth.UNHEALTHY;
    case 'DRAINING':
      return EdsHealth.DRAINING;
    case 'DEGRADED':
      return EdsHealth.DEGRADED;
    default:
      return EdsHealth.HEALTHY;
  }
}
