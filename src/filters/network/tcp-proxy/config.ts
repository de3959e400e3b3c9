import type { Clock } from '../../../core/clock.ts';
import type { Random } from '../../../core/random.ts';
import { defineStats, type StatGroup } from '../../../core/stats/stats.ts';
import type { TimerList } from '../../../core/timers.ts';
import type { AccessLog } from '../../../http/access-log.ts';
import type { ClusterLookup } from '../../../http/upstream.ts';

/** `tcp.<stat_prefix>.` */
export const TCP_STATS = defineStats({
  counters: [
    'downstream_cx_no_route',
    'downstream_cx_rx_bytes_total',
    'downstream_cx_total',
    'downstream_cx_tx_bytes_total',
    'downstream_flow_control_paused_reading_total',
    'downstream_flow_control_resumed_reading_total',
    'early_data_received_count_total',
    'idle_timeout',
    'max_downstream_connection_duration',
    'upstream_flush_total',
  ],
  gauges: ['downstream_cx_rx_bytes_buffered', 'downstream_cx_tx_bytes_buffered', 'upstream_flush_active'],
});

/** A compiled TCP proxy. */
export interface TcpProxyConfig {
  readonly stats: StatGroup;
  readonly clusters: ClusterLookup;
  readonly choices: readonly ClusterChoice[];
  readonly totalWeight: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly idleTimeout: TimerList | undefined;
  readonly maxDuration: TimerList | undefined;
  readonly maxConnectAttempts: number;
  readonly accessLogs: readonly AccessLog[];
  readonly logsOnConnected: boolean;
  readonly periodicLogs: TimerList | undefined;
  readonly bufferLimitBytes: number;
}

export interface ClusterChoice {
  readonly name: string;
  readonly weight: number;
}

/** The filter state in which a filter before this one names the cluster. */
export const CLUSTER_STATE = 'envoy.tcp_proxy.cluster';
