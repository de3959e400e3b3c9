import type { PanicSpec } from '../cluster-spec.ts';
import type { HostSet } from '../host-set.ts';

/** How picks divide among priorities: percentages that sum to 100. */
export interface PriorityLoad {
  readonly healthy: readonly number[];
  /** Served by degraded hosts, after what healthy ones take. */
  readonly degraded: readonly number[];
  /** Priorities whose hosts are used whatever their health. */
  readonly panic: readonly boolean[];
}

/**
 * A level takes traffic by the share of its hosts that are usable, overprovisioned by 1.4: at 72 % healthy it still takes all it
 * is offered. What the healthy hosts of all levels cannot take goes to degraded ones, and when even both fall short of 100 % the shares
 * are scaled up and levels under the panic threshold use all their hosts.
 */
export function priorityLoad(levels: readonly HostSet[], panicThresholdPercent: number): PriorityLoad {
  const healthyShare = levels.map((level) => availability(level, level.healthy));
  const degradedShare = levels.map((level) => availability(level, level.degraded));
  const total = Math.min(100, sum(healthyShare) + sum(degradedShare));
  const panic = levels.map((level) => total < 100 && isUnderThreshold(level, panicThresholdPercent));
  const none = levels.map(() => 0);
  if (panicThresholdPercent === 0 && total === 0) return { healthy: none.with(0, 100), degraded: none, panic };
  if (panic.every(Boolean)) return { healthy: loadInTotalPanic(levels), degraded: none, panic };
  return { ...distribute(healthyShare, degradedShare, total), panic };
}

/** `runtime` overrides `upstream.healthy_panic_threshold`. */
export function panicThreshold(spec: PanicSpec, runtimeValue: number): number {
  return Math.min(100, Math.max(0, Number.isFinite(runtimeValue) ? runtimeValue : spec.thresholdPercent));
}

function availability(level: HostSet, usable: HostSet['hosts']): number {
  const { hosts, excludedCount, overprovisioningFactor, weightedPriorityHealth } = level;
  if (hosts.length - excludedCount === 0) return 0;
  if (!weightedPriorityHealth) return Math.min(100, Math.floor((overprovisioningFactor * usable.length) / (hosts.length - excludedCount)));
  let total = 0;
  for (const host of hosts) if (!host.excluded) total += host.weight;
  let weight = 0;
  for (const host of usable) weight += host.weight;
  return Math.min(100, Math.floor((overprovisioningFactor * weight) / total));
}

function isUnderThreshold({ hosts, healthy, degraded, excludedCount }: HostSet, thresholdPercent: number): boolean {
  const count = hosts.length - excludedCount;
  const usablePercent = count === 0 ? 0 : (100 * (healthy.length + degraded.length)) / count;
  return usablePercent < thresholdPercent;
}

function distribute(healthyShare: readonly number[], degradedShare: readonly number[], total: number): Omit<PriorityLoad, 'panic'> {
  let left = 100;
  const take = (share: number): number => {
    const load = Math.min(left, Math.floor((share * 100) / total));
    left -= load;
    return load;
  };
  const healthy = healthyShare.map(take);
  const degraded = degradedShare.map(take);
  // What is left by rounding goes to the first level that can take it.
  const first = healthyShare.findIndex((share) => share > 0);
  if (first !== -1) healthy[first] += left;
  else degraded[degradedShare.findIndex((share) => share > 0)] += left;
  return { healthy, degraded };
}

/** By number of hosts, since none is better than another. */
function loadInTotalPanic(levels: readonly HostSet[]): number[] {
  const hosts = sum(levels.map((level) => level.hosts.length));
  if (hosts === 0) return levels.map((_, priority) => (priority === 0 ? 100 : 0));
  const loads = levels.map((level) => Math.floor((100 * level.hosts.length) / hosts));
  loads[levels.findIndex((level) => level.hosts.length > 0)] += 100 - sum(loads);
  return loads;
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
