import type { StatGroup } from '../core/stats/stats.ts';
import type { ClusterMembership } from '../http/upstream.ts';
import { MEMBERSHIP_STATS } from './cluster-stats.ts';
import type { Assignment, EndpointSpec, LocalityEndpoints } from './cluster-spec.ts';
import { flagsOfEndpoint, isDegraded, isExcluded, isUnhealthy } from './host-health.ts';

export function* endpointsOf(assignment: Assignment): Generator<{ endpoint: EndpointSpec; group: LocalityEndpoints; priority: number }> {
  for (const [priority, localities] of assignment.priorities.entries()) {
    for (const group of localities) for (const endpoint of group.endpoints) yield { endpoint, group, priority };
  }
}

/** The hosts of an assignment by what is configured or discovered of their health. */
export function countMembers(assignment: Assignment): ClusterMembership & { readonly excluded: number } {
  let total = 0;
  let healthy = 0;
  let degraded = 0;
  let excluded = 0;
  for (const { endpoint } of endpointsOf(assignment)) {
    const flags = flagsOfEndpoint(endpoint.health);
    total++;
    if (isExcluded(flags)) excluded++;
    if (isDegraded(flags)) degraded++;
    else if (!isUnhealthy(flags)) healthy++;
  }
  return { total, healthy, degraded, excluded };
}

/** `membership_*` of an assignment. */
export function setMembership(stats: StatGroup, assignment: Assignment): void {
  const { total, healthy, degraded, excluded } = countMembers(assignment);
  stats.gaugeSet(MEMBERSHIP_STATS.membership_total, total);
  stats.gaugeSet(MEMBERSHIP_STATS.membership_healthy, healthy);
  stats.gaugeSet(MEMBERSHIP_STATS.membership_degraded, degraded);
  stats.gaugeSet(MEMBERSHIP_STATS.membership_excluded, excluded);
}

/** At least 1, as soon as hosts were discovered. */
export function setMaxHostWeight(stats: StatGroup, assignment: Assignment): void {
  let weight = 1;
  for (const { endpoint } of endpointsOf(assignment)) weight = Math.max(weight, endpoint.weight);
  stats.gaugeSet(MEMBERSHIP_STATS.max_host_weight, weight);
}
