import type { Clock } from '../../../core/clock.ts';
import type { Random } from '../../../core/random.ts';
import { defineStats, type StatGroup } from '../../../core/stats/stats.ts';
import type { TimerList, Timers } from '../../../core/timers.ts';
import type { AccessLog } from '../../../http/access-log.ts';
import type { ClusterLookup } from '../../../http/upstream.ts';
import type { AddedTlvs } from './tlvs.ts';
import type { Tunnel } from './tunnel.ts';

/** `tcp.<stat_prefix>.` */
export const TCP_STATS = defineStats({
  counters: [
    'downstream_cx_drain_close',
    'downstream_cx_no_route',
    'downstream_cx_overload_close',
    'downstream_cx_rx_bytes_total',
    'downstream_cx_total',
    'downstream_cx_tx_bytes_total',
    'downstream_flow_control_paused_reading_total',
    'downstream_flow_control_resumed_reading_total',
    'early_data_received_count_total',
    'idle_timeout',
    'max_downstream_connection_duration',
    'route_delayed_total',
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
  /** Filters in front may name another cluster. */
  readonly heedsNamedCluster: boolean;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly idleTimeout: TimerList | undefined;
  readonly maxDuration: TimerList | undefined;
  /** Up to this share of the duration may be added to it. */
  readonly durationJitter: number;
  readonly maxConnectAttempts: number;
  /** Undefined: the next attempt follows at once. */
  readonly backoff: BackoffSpec | undefined;
  readonly connectMode: 'immediate' | 'on-data' | 'on-handshake';
  /** Reading stops beyond these until the upstream connection stands. */
  readonly maxEarlyBytes: number;
  readonly checksDrain: boolean;
  /** Undefined: bytes are not tunnelled. */
  readonly tunnel: Tunnel | undefined;
  /** Undefined: upstream connections are told the TLVs that the client has sent. */
  readonly addedTlvs: AddedTlvs | undefined;
  readonly accessLogs: readonly AccessLog[];
  readonly logsOnStart: boolean;
  readonly logsOnConnected: boolean;
  readonly periodicLogs: TimerList | undefined;
  readonly bufferLimitBytes: number;
}

export interface BackoffSpec {
  readonly baseMs: number;
  readonly maxMs: number;
}

export interface ClusterChoice {
  readonly name: string;
  readonly weight: number;
}

/** The filter state in which a filter before this one names the cluster. */
export const CLUSTER_STATE = 'envoy.tcp_proxy.cluster';
