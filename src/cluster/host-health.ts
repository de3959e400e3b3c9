import type { EndpointHealth } from './cluster-spec.ts';

/** One bit for each reason a host may be less than healthy (`envoy/upstream/upstream.h`, HEALTH_FLAG_ENUM_VALUES). */
export const HealthFlag = {
  failedActiveHealthCheck: 1 << 0,
  failedOutlierCheck: 1 << 1,
  failedEdsHealth: 1 << 2,
  degradedActiveHealthCheck: 1 << 3,
  degradedEdsHealth: 1 << 4,
  pendingDynamicRemoval: 1 << 5,
  pendingActiveHealthCheck: 1 << 6,
  excludedViaImmediateHealthCheckFail: 1 << 7,
  activeHealthCheckTimeout: 1 << 8,
  edsStatusDraining: 1 << 9,
  degradedOutlierDetection: 1 << 10,
} as const;

const UNHEALTHY =
  HealthFlag.failedActiveHealthCheck | HealthFlag.failedOutlierCheck | HealthFlag.failedEdsHealth | HealthFlag.edsStatusDraining;
const DEGRADED = HealthFlag.degradedActiveHealthCheck | HealthFlag.degradedEdsHealth | HealthFlag.degradedOutlierDetection;
/** Left out of the sums that decide between priorities and on panic. */
const EXCLUDED = HealthFlag.pendingActiveHealthCheck | HealthFlag.excludedViaImmediateHealthCheckFail | HealthFlag.edsStatusDraining;

/** In the order `/clusters` prints them. */
const FLAG_TEXTS: readonly (readonly [flag: number, text: string])[] = [
  [HealthFlag.failedActiveHealthCheck, '/failed_active_hc'],
  [HealthFlag.failedOutlierCheck, '/failed_outlier_check'],
  [HealthFlag.failedEdsHealth, '/failed_eds_health'],
  [HealthFlag.degradedActiveHealthCheck, '/degraded_active_hc'],
  [HealthFlag.degradedEdsHealth, '/degraded_eds_health'],
  [HealthFlag.pendingDynamicRemoval, '/pending_dynamic_removal'],
  [HealthFlag.pendingActiveHealthCheck, '/pending_active_hc'],
  [HealthFlag.excludedViaImmediateHealthCheckFail, '/excluded_via_immediate_hc_fail'],
  [HealthFlag.activeHealthCheckTimeout, '/active_hc_timeout'],
  [HealthFlag.edsStatusDraining, '/eds_status_draining'],
  [HealthFlag.degradedOutlierDetection, '/degraded_outlier_detection'],
];

export function isUnhealthy(flags: number): boolean {
  return (flags & UNHEALTHY) !== 0;
}

/** Usable, but only when healthy hosts do not suffice. */
export function isDegraded(flags: number): boolean {
  return (flags & UNHEALTHY) === 0 && (flags & DEGRADED) !== 0;
}

export function isExcluded(flags: number): boolean {
  return (flags & EXCLUDED) !== 0;
}

/** The flags that a configured or discovered `health_status` stands for. */
export function flagsOfEndpoint(health: EndpointHealth): number {
  switch (health) {
    case 'UNHEALTHY':
    case 'TIMEOUT':
      return HealthFlag.failedEdsHealth;
    case 'DRAINING':
      return HealthFlag.edsStatusDraining;
    case 'DEGRADED':
      return HealthFlag.degradedEdsHealth;
    default:
      return 0;
  }
}

/** `healthy` or `/failed_eds_health/active_hc_timeout`. */
export function healthFlagsText(flags: number): string {
  if (flags === 0) return 'healthy';
  let text = '';
  for (const [flag, name] of FLAG_TEXTS) if ((flags & flag) !== 0) text += name;
  return text;
}
