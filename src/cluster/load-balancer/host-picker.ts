import type { Random } from '../../core/random.ts';
import type { LoadBalancerContext } from '../../http/upstream.ts';
import type { UpstreamHost } from '../host.ts';

/**
 * A load balancing policy over one fixed list of hosts: synchronous, opens nothing, allocates nothing for a pick. The layer above chooses
 * which list (priority, health, locality) a pick is made from. `test/cluster/load-balancer/conformance.ts` runs on every policy.
 */
export interface HostPicker {
  /** Undefined only when the list is empty. */
  pick(context: LoadBalancerContext): UpstreamHost | undefined;
}

export interface PickerPolicy {
  /** `previous` served the same place before the update: its cursor goes on. */
  create(hosts: readonly UpstreamHost[], random: Random, previous: HostPicker | undefined): HostPicker;
}

/** Whether no host is to be preferred over another. */
export function weightsAreEqual(hosts: readonly UpstreamHost[]): boolean {
  for (let i = 1; i < hosts.length; i++) if (hosts[i].weight !== hosts[0].weight) return false;
  return true;
}
