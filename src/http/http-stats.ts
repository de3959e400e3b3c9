import { type StatGroup, defineStats } from '../core/stats/stats.ts';

const DOWNSTREAM_COUNTERS = [
  'downstream_cx_delayed_close_timeout',
  'downstream_cx_destroy',
  'downstream_cx_destroy_active_rq',
  'downstream_cx_destroy_local',
  'downstream_cx_destroy_local_active_rq',
  'downstream_cx_destroy_remote',
  'downstream_cx_destroy_remote_active_rq',
  'downstream_cx_drain_close',
  'downstream_cx_http1_total',
  'downstream_cx_http2_total',
  'downstream_cx_http3_total',
  'downstream_cx_idle_timeout',
  'downstream_cx_max_duration_reached',
  'downstream_cx_max_requests_reached',
  'downstream_cx_overload_disable_keepalive',
  'downstream_cx_protocol_error',
  'downstream_cx_rx_bytes_total',
  'downstream_cx_ssl_total',
  'downstream_cx_total',
  'downstream_cx_tx_bytes_total',
  'downstream_cx_upgrades_total',
  'downstream_flow_control_paused_reading_total',
  'downstream_flow_control_resumed_reading_total',
  'downstream_rq_1xx',
  'downstream_rq_2xx',
  'downstream_rq_3xx',
  'downstream_rq_4xx',
  'downstream_rq_5xx',
  'downstream_rq_completed',
  'downstream_rq_failed_path_normalization',
  'downstream_rq_header_timeout',
  'downstream_rq_http1_total',
  'downstream_rq_http2_total',
  'downstream_rq_http3_total',
  'downstream_rq_idle_timeout',
  'downstream_rq_max_duration_reached',
  'downstream_rq_non_relative_path',
  'downstream_rq_overload_close',
  'downstream_rq_redirected_with_normalized_path',
  'downstream_rq_rejected_via_ip_detection',
  'downstream_rq_response_before_rq_complete',
  'downstream_rq_rx_reset',
  'downstream_rq_timeout',
  'downstream_rq_too_large',
  'downstream_rq_too_many_premature_resets',
  'downstream_rq_total',
  'downstream_rq_tx_reset',
  'downstream_rq_ws_on_non_ws_route',
  'rs_too_large',
] as const;

const ROUTER_COUNTERS = [
  'no_cluster',
  'no_route',
  'passthrough_internal_redirect_bad_location',
  'passthrough_internal_redirect_no_route',
  'passthrough_internal_redirect_predicate',
  'passthrough_internal_redirect_too_many_redirects',
  'passthrough_internal_redirect_unsafe_scheme',
  'rq_direct_response',
  'rq_overload_local_reply',
  'rq_redirect',
  'rq_reset_after_downstream_response_started',
  'rq_total',
] as const;

const DOWNSTREAM_GAUGES = [
  'downstream_cx_active',
  'downstream_cx_http1_active',
  'downstream_cx_http1_soft_drain',
  'downstream_cx_http2_active',
  'downstream_cx_http3_active',
  'downstream_cx_rx_bytes_buffered',
  'downstream_cx_ssl_active',
  'downstream_cx_tx_bytes_buffered',
  'downstream_cx_upgrades_active',
  'downstream_rq_active',
] as const;

const DOWNSTREAM_HISTOGRAMS = ['downstream_cx_length_ms', 'downstream_rq_time'] as const;

/** `http.<stat_prefix>.` as Envoy creates it (source: `envoy/http` connection manager statistics). */
export const HTTP_STATS = defineStats({
  counters: [...DOWNSTREAM_COUNTERS, ...ROUTER_COUNTERS],
  gauges: DOWNSTREAM_GAUGES,
  histograms: DOWNSTREAM_HISTOGRAMS,
});

/** `http.admin.`: the same without a router. Counters that both have, have one id. */
export const ADMIN_HTTP_STATS = defineStats({ counters: DOWNSTREAM_COUNTERS, gauges: DOWNSTREAM_GAUGES, histograms: DOWNSTREAM_HISTOGRAMS });

/** `listener.<address>.http.<stat_prefix>.` */
export const LISTENER_HTTP_STATS = defineStats({
  counters: ['downstream_rq_1xx', 'downstream_rq_2xx', 'downstream_rq_3xx', 'downstream_rq_4xx', 'downstream_rq_5xx', 'downstream_rq_completed'],
});

/** `http.<stat_prefix>.tracing.`: zeros until there are tracers. */
export const HTTP_TRACING_STATS = defineStats({
  counters: ['client_enabled', 'health_check', 'not_traceable', 'random_sampling', 'service_forced'],
});

/** `http1.`: the codec of all downstream connections. */
export const HTTP1_CODEC_STATS = defineStats({
  counters: ['dropped_headers_with_underscores', 'metadata_not_supported_error', 'requests_rejected_with_underscores_in_headers', 'response_flood'],
});

/** Counts a finished response by class, in the manager's and the listener's group. */
export function countResponse(http: StatGroup, listener: StatGroup, status: number): void {
  http.inc(HTTP_STATS.downstream_rq_completed);
  listener.inc(LISTENER_HTTP_STATS.downstream_rq_completed);
  if (status < 200) {
    http.inc(HTTP_STATS.downstream_rq_1xx);
    listener.inc(LISTENER_HTTP_STATS.downstream_rq_1xx);
  } else if (status < 300) {
    http.inc(HTTP_STATS.downstream_rq_2xx);
    listener.inc(LISTENER_HTTP_STATS.downstream_rq_2xx);
  } else if (status < 400) {
    http.inc(HTTP_STATS.downstream_rq_3xx);
    listener.inc(LISTENER_HTTP_STATS.downstream_rq_3xx);
  } else if (status < 500) {
    http.inc(HTTP_STATS.downstream_rq_4xx);
    listener.inc(LISTENER_HTTP_STATS.downstream_rq_4xx);
  } else if (status < 600) {
    http.inc(HTTP_STATS.downstream_rq_5xx);
    listener.inc(LISTENER_HTTP_STATS.downstream_rq_5xx);
  }
}

