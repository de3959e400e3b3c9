import { defineStats } from '../core/stats/stats.ts';

const COUNTERS = [
  'downstream_cx_destroy',
  'downstream_cx_overflow',
  'downstream_cx_overload_reject',
  'downstream_cx_total',
  'downstream_cx_transport_socket_connect_timeout',
  'downstream_global_cx_overflow',
  'downstream_listener_filter_error',
  'downstream_listener_filter_remote_close',
  'downstream_pre_cx_timeout',
  'no_filter_chain_match',
] as const;

const REST = {
  gauges: ['downstream_cx_active', 'downstream_pre_cx_active'],
  histograms: ['connections_accepted_per_socket_event', 'downstream_cx_length_ms'],
} as const;

/** `listener.<address>.` */
export const LISTENER_STATS = defineStats({ counters: [...COUNTERS, 'extension_config_missing', 'network_extension_config_missing'], ...REST });

/** `listener.admin.` */
export const ADMIN_LISTENER_STATS = defineStats({ counters: COUNTERS, ...REST });

/** `listener.<address>.worker_<n>.`, `listener.admin.main_thread.` */
export const LISTENER_WORKER_STATS = defineStats({
  counters: ['downstream_cx_total'],
  gauges: ['downstream_cx_active'],
});
