import { fields, ignored, only, onlyEmpty, onlyIf, refused, type SupportTable } from '../config/support.ts';

const NOT_KILLED = 'a thread that hangs is counted and not killed';
const STATIC_ONLY = 'listeners, clusters and routes come from the bootstrap file';
const NO_CONTROL_PLANE = 'it concerns control planes, and dynamic_resources is refused';

/** What stands in a bootstrap outside of listeners and clusters. */
export const bootstrapSupport: SupportTable = {
  'envoy.config.bootstrap.v3.Bootstrap': {
    ...fields('node static_resources cluster_manager stats_config stats_flush_interval stats_flush_on_admin layered_runtime admin application_log_config'),
    ...fields('watchdog watchdogs typed_dns_resolver_config dns_resolution_config stats_server_version_override overload_manager'),
    node_context_params: ignored(NO_CONTROL_PLANE),
    dynamic_resources: refused(STATIC_ONLY),
    hds_config: refused('hosts are not checked for a control plane'),
    config_sources: refused(STATIC_ONLY),
    default_config_source: refused(STATIC_ONLY),
    xds_delegate_extension: refused(STATIC_ONLY),
    xds_config_tracker_extension: refused(STATIC_ONLY),
    grpc_async_client_manager_config: ignored('nothing here opens gRPC streams'),
    flags_path: refused(),
    stats_sinks: refused('statistics are read from the admin interface'),
    deferred_stat_options: onlyEmpty('statistics are created with their cluster'),
    stats_eviction_interval: refused('statistics live as long as what they count'),
    tracing: refused('requests are not traced'),
    enable_dispatcher_stats: only([false]),
    header_prefix: refused('the prefix is x-envoy'),
    use_tcp_for_dns_lookups: only([false], 'Node.js asks name servers over UDP first'),
    bootstrap_extensions: refused(),
    fatal_actions: refused(),
    default_socket_interface: refused('--transport chooses how sockets are used'),
    certificate_provider_instances: refused('certificates come from files, inline data, the environment and static secrets'),
    inline_headers: ignored('it tells Envoy how to store headers'),
    perf_tracing_file_path: refused(),
    default_regex_engine: onlyIf<RegexEngine>(isRe2, 'only envoy.regex_engines.google_re2'),
    listener_manager: refused(),
    memory_allocator_manager: ignored("it tunes Envoy's allocator"),
    enable_worker_cpu_affinity: only([false]),
  },
  'envoy.config.core.v3.TypedExtensionConfig': fields('name typed_config'),
  // Of extensions that a program brings with it.
  'google.protobuf.Struct': fields('fields'),
  'envoy.extensions.regex_engines.v3.GoogleRE2': {},
  'envoy.config.bootstrap.v3.Bootstrap.StaticResources': fields('listeners clusters secrets'),
  'envoy.config.bootstrap.v3.Watchdogs': fields('main_thread_watchdog worker_watchdog'),
  'envoy.config.bootstrap.v3.Watchdog': {
    ...fields('miss_timeout megamiss_timeout'),
    kill_timeout: onlyEmpty(NOT_KILLED),
    multikill_timeout: onlyEmpty(NOT_KILLED),
    max_kill_timeout_jitter: ignored(NOT_KILLED),
    multikill_threshold: ignored(NOT_KILLED),
    actions: refused('misses are counted'),
  },
  'envoy.config.bootstrap.v3.Bootstrap.DeferredStatOptions': { enable_deferred_creation_stats: only([false]) },
  'envoy.config.overload.v3.OverloadManager': {
    ...fields('refresh_interval resource_monitors actions buffer_factory_config'),
    loadshed_points: refused('use actions, which shed load at the same places'),
  },
  'envoy.config.overload.v3.BufferFactoryConfig': fields('minimum_account_to_track_power_of_two'),
  'envoy.config.overload.v3.ResourceMonitor': fields('name typed_config'),
  'envoy.config.overload.v3.OverloadAction': fields('name triggers typed_config'),
  'envoy.config.overload.v3.Trigger': fields('name threshold scaled'),
  'envoy.config.overload.v3.ThresholdTrigger': fields('value'),
  'envoy.config.overload.v3.ScaledTrigger': fields('scaling_threshold saturation_threshold'),
  'envoy.config.overload.v3.ScaleTimersOverloadActionConfig': fields('timer_scale_factors'),
  'envoy.config.overload.v3.ScaleTimersOverloadActionConfig.ScaleTimer': fields('timer min_timeout min_scale'),
  'envoy.config.overload.v3.ShrinkHeapConfig': {
    ...fields('timer_interval'),
    max_unfreed_memory_bytes: ignored('V8 decides what it keeps'),
  },
  'envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig': {
    ...fields('max_heap_size_bytes'),
    max_heap_size_bytes_runtime: refused('use max_heap_size_bytes'),
  },
  'envoy.extensions.resource_monitors.cgroup_memory.v3.CgroupMemoryConfig': fields('max_memory_bytes'),
  'envoy.extensions.resource_monitors.cpu_utilization.v3.CpuUtilizationConfig': fields('mode'),
  'envoy.extensions.resource_monitors.injected_resource.v3.InjectedResourceConfig': fields('filename'),
  'envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig': fields('max_active_downstream_connections'),
  'envoy.config.bootstrap.v3.ClusterManager': {
    ...fields('local_cluster_name'),
    outlier_detection: refused('hosts are not ejected for their answers'),
    upstream_bind_config: refused('source addresses are configured by cluster'),
    load_stats_config: refused(STATIC_ONLY),
    enable_deferred_cluster_creation: ignored('clusters are created when they are configured; nothing else differs'),
  },
  'envoy.config.bootstrap.v3.Admin': {
    ...fields('address access_log access_log_path allow_paths'),
    profile_path: ignored('a path for profiles that are not asked for'),
    socket_options: refused(),
    ignore_global_conn_limit: ignored('there is no global limit'),
  },
  'envoy.config.core.v3.Node': {
    ...fields('id cluster metadata locality'),
    ...fields('dynamic_parameters user_agent_name user_agent_version user_agent_build_version extensions client_features listening_addresses'),
  },
  'envoy.config.core.v3.Locality': fields('region zone sub_zone'),
  'envoy.config.core.v3.BuildVersion': fields('version metadata'),
  'envoy.config.core.v3.Metadata': fields('filter_metadata typed_filter_metadata'),
  'envoy.type.v3.SemanticVersion': fields('major_number minor_number patch'),
  'envoy.config.core.v3.Extension': fields('name category type_descriptor version disabled type_urls'),
  'xds.core.v3.ContextParams': fields('params'),
  'envoy.config.metrics.v3.StatsConfig': {
    ...fields('stats_tags use_all_default_tags stats_matcher histogram_bucket_settings'),
    allow_default_tag_overrides: only([false]),
  },
  'envoy.config.metrics.v3.TagSpecifier': fields('tag_name regex fixed_value'),
  'envoy.config.metrics.v3.StatsMatcher': fields('reject_all exclusion_list inclusion_list'),
  'envoy.config.metrics.v3.HistogramBucketSettings': { ...fields('match buckets'), bins: refused('histograms keep two significant digits') },
  'envoy.type.matcher.v3.ListStringMatcher': fields('patterns'),
  'envoy.config.bootstrap.v3.LayeredRuntime': fields('layers'),
  'envoy.config.bootstrap.v3.RuntimeLayer': {
    ...fields('name static_layer admin_layer'),
    disk_layer: refused('runtime values come from static_layer and admin_layer'),
    rtds_layer: refused(STATIC_ONLY),
  },
  'envoy.config.bootstrap.v3.RuntimeLayer.AdminLayer': {},
  'envoy.config.bootstrap.v3.Bootstrap.ApplicationLogConfig': fields('log_format'),
  'envoy.config.bootstrap.v3.Bootstrap.ApplicationLogConfig.LogFormat': fields('json_format text_format'),
};

interface RegexEngine {
  readonly typedConfig?: { readonly typeUrl: string };
}

function isRe2({ typedConfig }: RegexEngine): boolean {
  return typedConfig?.typeUrl.endsWith('/envoy.extensions.regex_engines.v3.GoogleRE2') === true;
}
