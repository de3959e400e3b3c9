import type { Clock } from '../core/clock.ts';
import type { StatScrape } from '../core/stats/scrape.ts';
import { defineStats, type StatGroup, type StatStore } from '../core/stats/stats.ts';
import { CertificateStats, NO_CERTIFICATE } from './certificate-stats.ts';
import { RESET_STREAMS_SCOPE, RESET_STREAMS_STATS } from './overload/high-memory-streams.ts';
import { VERSION } from './version.ts';
import type { Timers } from '../core/timers.ts';
import type { Draining } from '../listener/listener-manager.ts';

export const SERVER_STATS = defineStats({
  counters: ['debug_assertion_failures', 'dropped_stat_flushes', 'dynamic_unknown_fields', 'envoy_bug_failures', 'envoy_notifications', 'static_unknown_fields', 'wip_protos'],
  gauges: [
    'compilation_settings.fips_mode',
    'concurrency',
    'days_until_first_cert_expiring',
    'hot_restart_epoch',
    'live',
    'parent_connections',
    'seconds_until_first_ocsp_response_expiring',
    'state',
    'stats_recent_lookups',
    'total_connections',
    'version',
  ],
  histograms: ['initialization_time_ms'],
});

export const RUNTIME_STATS = defineStats({
  counters: ['deprecated_feature_use', 'load_error', 'load_success', 'override_dir_exists', 'override_dir_not_exists'],
  gauges: ['admin_overrides_active', 'deprecated_feature_seen_since_process_start', 'num_keys', 'num_layers'],
});

/** Zeros: nothing is shed. */
const OVERLOAD_STATS = defineStats({ histograms: ['refresh_interval_delay'] });

export const LISTENER_MANAGER_STATS = defineStats({
  counters: [
    'listener_added',
    'listener_create_failure',
    'listener_create_success',
    'listener_in_place_updated',
    'listener_modified',
    'listener_removed',
    'listener_stopped',
  ],
  gauges: ['total_filter_chains_draining', 'total_listeners_active', 'total_listeners_draining', 'total_listeners_warming', 'workers_pinned', 'workers_started'],
});

export type ServerState = 'LIVE' | 'DRAINING' | 'PRE_INITIALIZING' | 'INITIALIZING';

/** Their numbers in `server.state`. */
const STATE_NUMBERS: Readonly<Record<ServerState, number>> = { LIVE: 0, DRAINING: 1, PRE_INITIALIZING: 2, INITIALIZING: 3 };

/** What the main thread counts: `server.*`, `runtime.*`, `listener_manager.*`. */
export class ServerStats {
  readonly server: StatGroup;
  readonly runtime: StatGroup;
  readonly listeners: StatGroup;
  readonly certificates: CertificateStats;

  constructor(store: StatStore) {
    this.server = store.group('server', SERVER_STATS);
    this.runtime = store.group('runtime', RUNTIME_STATS);
    this.listeners = store.group('listener_manager', LISTENER_MANAGER_STATS);
    this.certificates = new CertificateStats(store);
    store.group('overload', OVERLOAD_STATS);
    store.group(RESET_STREAMS_SCOPE, RESET_STREAMS_STATS);
    this.server.gaugeSet(SERVER_STATS.version, versionNumber(VERSION));
    this.server.gaugeSet(SERVER_STATS.days_until_first_cert_expiring, NO_CERTIFICATE);
    this.state('PRE_INITIALIZING');
    // Envoy's first one is from before its layers are there.
    this.countRuntimeLoad();
  }

  countRuntimeLoad(): void {
    this.runtime.inc(RUNTIME_STATS.load_success);
    this.runtime.inc(RUNTIME_STATS.override_dir_not_exists);
  }

  /** Listeners and filter chains that drain count for as long as they may. */
  countDraining({ listeners, chains }: Draining, timers: Timers, timeMs: number): void {
    const count = (sign: 1 | -1): void => {
      this.listeners.gaugeAdd(LISTENER_MANAGER_STATS.total_listeners_draining, sign * listeners);
      this.listeners.gaugeAdd(LISTENER_MANAGER_STATS.total_filter_chains_draining, sign * chains);
    };
    count(1);
    timers.after(timeMs, { onTimer: () => count(-1) });
  }

  state(state: ServerState): void {
    this.server.gaugeSet(SERVER_STATS.live, state === 'LIVE' ? 1 : 0);
  }

  /** To be called before statistics are read. */
  refresh(connections: number, nowMs: number): void {
    this.server.gaugeSet(SERVER_STATS.total_connections, connections);
    this.server.gaugeSet(SERVER_STATS.days_until_first_cert_expiring, this.certificates.daysUntilFirstExpiry(nowMs));
  }

  /** `server.state`, as Envoy shows it: what was when statistics were last flushed. */
  flush(state: ServerState): void {
    this.server.gaugeSet(SERVER_STATS.state, STATE_NUMBERS[state]);
  }
}

/** `server.uptime` and what the process uses. */
export function addProcessGauges(scrape: StatScrape, clock: Clock, startedMs: number): void {
  scrape.gaugeFunction('server.uptime', () => Math.floor((clock.monotonicMs() - startedMs) / 1000));
  scrape.gaugeFunction('server.memory_allocated', () => process.memoryUsage().heapUsed);
  scrape.gaugeFunction('server.memory_heap_size', () => process.memoryUsage().heapTotal);
  scrape.gaugeFunction('server.memory_physical_size', () => process.memoryUsage.rss());
}

/** Envoy's is made from its revision. */
function versionNumber(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  return major * 10_000 + minor * 100 + patch;
}
