import { defineStats } from '../core/stats/stats.ts';

/**
 * `cluster.<name>.*`. What the data path counts lives in each worker's store; what discovery and membership count lives in the main thread's. In
 * one-thread mode the two groups stand side by side under one prefix.
 */
export const CLUSTER_STATS = defineStats({
  counters: [
    'bind_errors',
    'lb_healthy_panic',
    'lb_local_cluster_not_ok',
    'lb_recalculate_zone_structures',
    'lb_subsets_created',
    'lb_subsets_fallback',
    'lb_subsets_fallback_panic',
    'lb_subsets_removed',
    'lb_subsets_selected',
    'lb_zone_cluster_too_small',
    'lb_zone_no_capacity_left',
    'lb_zone_routing_all_directly',
    'lb_zone_routing_cross_zone',
    'lb_zone_routing_sampled',
    'original_dst_host_invalid',
    'retry_or_shadow_abandoned',
    'upstream_cx_close_notify',
    'upstream_cx_connect_attempts_exceeded',
    'upstream_cx_connect_fail',
    'upstream_cx_connect_timeout',
    'upstream_cx_connect_with_0_rtt',
    'upstream_cx_destroy',
    'upstream_cx_destroy_local',
    'upstream_cx_destroy_local_with_active_rq',
    'upstream_cx_destroy_remote',
    'upstream_cx_destroy_remote_with_active_rq',
    'upstream_cx_destroy_with_active_rq',
    'upstream_cx_http1_total',
    'upstream_cx_http2_total',
    'upstream_cx_http3_total',
    'upstream_cx_idle_timeout',
    'upstream_cx_max_duration_reached',
    'upstream_cx_max_requests',
    'upstream_cx_none_healthy',
    'upstream_cx_overflow',
    'upstream_cx_pool_overflow',
    'upstream_cx_preconnect_skipped',
    'upstream_cx_protocol_error',
    'upstream_cx_rx_bytes_total',
    'upstream_cx_total',
    'upstream_cx_tx_bytes_total',
    'upstream_flow_control_backed_up_total',
    'upstream_flow_control_drained_total',
    'upstream_flow_control_paused_reading_total',
    'upstream_flow_control_resumed_reading_total',
    'upstream_http3_broken',
    'upstream_internal_redirect_failed_total',
    'upstream_internal_redirect_succeeded_total',
    'upstream_rq_0rtt',
    'upstream_rq_active_overflow',
    'upstream_rq_cancelled',
    'upstream_rq_completed',
    'upstream_rq_maintenance_mode',
    'upstream_rq_max_duration_reached',
    'upstream_rq_pending_failure_eject',
    'upstream_rq_pending_overflow',
    'upstream_rq_pending_total',
    'upstream_rq_per_try_idle_timeout',
    'upstream_rq_per_try_timeout',
    'upstream_rq_retry',
    'upstream_rq_retry_backoff_exponential',
    'upstream_rq_retry_backoff_ratelimited',
    'upstream_rq_retry_limit_exceeded',
    'upstream_rq_retry_overflow',
    'upstream_rq_retry_success',
    'upstream_rq_rx_reset',
    'upstream_rq_rx_reset_no_error',
    'upstream_rq_timeout',
    'upstream_rq_total',
    'upstream_rq_tx_reset',
  ],
  gauges: [
    'lb_subsets_active',
    'upstream_cx_active',
    'upstream_cx_rx_bytes_buffered',
    'upstream_cx_tx_bytes_buffered',
    'upstream_queue_overloaded',
    'upstream_rq_active',
    'upstream_rq_pending_active',
  ],
  histograms: ['upstream_cx_connect_ms', 'upstream_cx_length_ms', 'upstream_rq_per_cx'],
});

/** `cluster.<name>.*` as far as the main thread knows it alone. */
export const MEMBERSHIP_STATS = defineStats({
  counters: [
    'assignment_stale',
    'assignment_timeout_received',
    'assignment_use_cached',
    'default.total_match_count',
    'membership_change',
    'update_attempt',
    'update_empty',
    'update_failure',
    'update_no_rebuild',
    'update_success',
  ],
  gauges: [
    'circuit_breakers.default.cx_open',
    'circuit_breakers.default.cx_pool_open',
    'circuit_breakers.default.rq_open',
    'circuit_breakers.default.rq_pending_open',
    'circuit_breakers.default.rq_retry_open',
    'circuit_breakers.high.cx_open',
    'circuit_breakers.high.cx_pool_open',
    'circuit_breakers.high.rq_open',
    'circuit_breakers.high.rq_pending_open',
    'circuit_breakers.high.rq_retry_open',
    'max_host_weight',
    'membership_degraded',
    'membership_excluded',
    'membership_healthy',
    'membership_total',
    'version',
    'warming_state',
  ],
});

/** `cluster.<name>.circuit_breakers.<priority>.*`, only with `track_remaining`. */
export const REMAINING_STATS = defineStats({
  gauges: ['remaining_cx', 'remaining_cx_pools', 'remaining_pending', 'remaining_retries', 'remaining_rq'],
});

/** `cluster.<name>.http1.*`, from the first HTTP/1 connection on. */
export const UPSTREAM_HTTP1_STATS = defineStats({
  counters: ['dropped_headers_with_underscores', 'metadata_not_supported_error', 'requests_rejected_with_underscores_in_headers', 'response_flood'],
});

/** Of one endpoint, from its first connection on: shown by `/clusters` only. */
export const HOST_STATS = defineStats({
  counters: ['cx_connect_fail', 'cx_total', 'rq_error', 'rq_success', 'rq_timeout', 'rq_total'],
  gauges: ['cx_active', 'rq_active', 'rq_pending_active'],
});

/**
 * Groups whose prefix starts so are not statistics of `/stats`: the scrape skips them, `/clusters` finds them by
 * `hostStatPrefix`. No name given by a user can start with a line feed: configuration strings of names are validated.
 */
export const HIDDEN_PREFIX = '\n';

export function hostStatPrefix(clusterName: string, addressText: string): string {
  return `${HIDDEN_PREFIX}${clusterName}\n${addressText}`;
}

/** `cluster_manager.*`, main thread. */
export const CLUSTER_MANAGER_STATS = defineStats({
  counters: [
    'cluster_added',
    'cluster_modified',
    'cluster_removed',
    'cluster_updated',
    'cluster_updated_via_merge',
    'update_merge_cancelled',
    'update_out_of_merge_window',
  ],
  gauges: ['active_clusters', 'warming_clusters'],
});

/** `thread_local_cluster_manager.<thread>.*`. */
export const THREAD_CLUSTER_STATS = defineStats({ gauges: ['clusters_inflated'] });
