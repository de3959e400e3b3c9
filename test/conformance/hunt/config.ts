/** A configuration to hunt in, as the changes that a case file makes to the base `gateway`. */

import type { Dice } from './dice.ts';
import { FILTER_NAMES, httpFilter } from './filters.ts';
import { formatted, logFormat } from './formats.ts';
import { headerMatch } from './matchers.ts';
import { headerOption, routeConfig } from './routes.ts';
import { RUNTIME } from './words.ts';

type Tree = Record<string, unknown>;

const ROUTER = 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router';

const bodyFormat = (dice: Dice): object => {
  const content = dice.chance(0.3) && { content_type: 'text/html' };
  return dice.chance(0.5)
    ? { text_format_source: { inline_string: `${formatted(dice)} %LOCAL_REPLY_BODY%` }, ...content }
    : { json_format: { body: '%LOCAL_REPLY_BODY%', code: '%RESPONSE_CODE%', text: formatted(dice) }, ...content };
};

const logFilter = (dice: Dice): object =>
  dice.make<object>([
    () => ({ status_code_filter: { comparison: { op: dice.pick(['EQ', 'GE', 'LE', 'NE']), value: { default_value: dice.pick([200, 404, 503]), runtime_key: 'none' } } } }),
    () => ({ header_filter: { header: headerMatch(dice) } }),
    () => ({ response_flag_filter: dice.chance(0.3) ? {} : { flags: [dice.pick(['UF', 'NR', 'DPE', 'UT', 'DC', 'UC', 'NC'])] } }),
    () => ({ or_filter: { filters: [logFilter(dice), logFilter(dice)] } }),
    () => ({ and_filter: { filters: [logFilter(dice), logFilter(dice)] } }),
  ]);

const mapper = (dice: Dice): object => ({
  filter: logFilter(dice),
  ...dice.some(0.4, {
    status_code: () => dice.pick([401, 418, 502]),
    body: () => ({ inline_string: dice.pick(['mapped', '']) }),
    body_format_override: () => bodyFormat(dice),
    headers_to_add: () => dice.list(1, 2, () => headerOption(dice)),
  }),
});

const localReplies = (dice: Dice): object => ({
  ...(dice.chance(0.7) && { mappers: dice.list(1, 2, () => mapper(dice)) }),
  ...(dice.chance(0.5) && { body_format: bodyFormat(dice) }),
});

const http1 = (dice: Dice): object =>
  dice.some(0.25, {
    accept_http_10: () => true,
    default_host_for_http_10: () => 'ten.org',
    allow_absolute_url: () => dice.chance(0.5),
    enable_trailers: () => true,
    allow_chunked_length: () => true,
    override_stream_error_on_invalid_http_message: () => true,
    allow_custom_methods: () => true,
    ignore_http_11_upgrade: () => [{ exact: 'other' }],
    header_key_format: () => ({ proper_case_words: {} }),
    send_fully_qualified_url: () => true,
  });

const common = (dice: Dice): object =>
  dice.some(0.2, {
    max_headers_count: () => dice.pick([4, 20]),
    headers_with_underscores_action: () => dice.pick(['ALLOW', 'REJECT_REQUEST', 'DROP_HEADER']),
    max_requests_per_connection: () => dice.pick([1, 2]),
    max_stream_duration: () => '0.08s',
    idle_timeout: () => '0.07s',
  });

const manager = (dice: Dice): Tree => ({
  ...dice.some(0.08, {
    server_name: () => 'mine',
    server_header_transformation: () => dice.pick(['OVERWRITE', 'APPEND_IF_ABSENT', 'PASS_THROUGH']),
    via: () => 'edge',
    add_user_agent: () => true,
    use_remote_address: () => true,
    xff_num_trusted_hops: () => dice.pick([1, 2]),
    skip_xff_append: () => true,
    append_x_forwarded_port: () => true,
    generate_request_id: () => false,
    preserve_external_request_id: () => true,
    always_set_request_id_in_response: () => true,
    internal_address_config: () => ({ cidr_ranges: [{ address_prefix: dice.pick(['127.0.0.0', '10.0.0.0']), prefix_len: 8 }] }),
    proxy_100_continue: () => true,
    normalize_path: () => true,
    merge_slashes: () => true,
    path_with_escaped_slashes_action: () => dice.pick(['KEEP_UNCHANGED', 'REJECT_REQUEST', 'UNESCAPE_AND_REDIRECT', 'UNESCAPE_AND_FORWARD']),
    strip_trailing_host_dot: () => true,
    max_request_headers_kb: () => 1,
    stream_error_on_invalid_http_message: () => true,
    scheme_header_transformation: () => ({ scheme_to_overwrite: dice.pick(['http', 'https']) }),
    stream_idle_timeout: () => '0.07s',
    request_timeout: () => '0.06s',
    request_headers_timeout: () => '0.06s',
    proxy_status_config: () => ({ remove_details: dice.chance(0.3), set_recommended_response_code: dice.chance(0.3) }),
    local_reply_config: () => localReplies(dice),
    http_protocol_options: () => http1(dice),
    common_http_protocol_options: () => common(dice),
    upgrade_configs: () => [{ upgrade_type: dice.pick(['websocket', 'other']), ...(dice.chance(0.3) && { enabled: false }) }],
  }),
  ...(dice.chance(0.1) && (dice.chance(0.5) ? { strip_any_host_port: true } : { strip_matching_host_port: true })),
  ...(dice.chance(0.2) && { local_reply_config: localReplies(dice) }),
  ...(dice.chance(0.3) && { http_protocol_options: http1(dice) }),
  ...(dice.chance(0.2) && { common_http_protocol_options: common(dice) }),
});

const upstreamOptions = (dice: Dice): object => ({
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    explicit_http_config: { http_protocol_options: dice.some(0.3, { enable_trailers: () => true, allow_chunked_length: () => true, header_key_format: () => ({ proper_case_words: {} }), send_fully_qualified_url: () => true, accept_http_10: () => true }) },
    common_http_protocol_options: dice.some(0.25, { max_headers_count: () => dice.pick([3, 10]), max_requests_per_connection: () => 1, max_response_headers_kb: () => 1, idle_timeout: () => '0.05s' }),
  },
});

const cluster = (dice: Dice): object => ({
  ...(dice.chance(0.3) && { typed_extension_protocol_options: upstreamOptions(dice) }),
  ...dice.some(0.06, {
    alt_stat_name: () => 'other_name',
    circuit_breakers: () => ({ thresholds: [{ ...dice.some(0.5, { max_connections: () => dice.pick([0, 1]), max_pending_requests: () => dice.pick([0, 1]), max_requests: () => dice.pick([0, 1]), track_remaining: () => true }) }] }),
    max_requests_per_connection: () => 1,
    metadata: () => ({ filter_metadata: { ns: { key: 'cluster' } } }),
    lb_policy: () => dice.pick(['ROUND_ROBIN', 'RANDOM', 'LEAST_REQUEST']),
    protocol_selection: () => 'USE_DOWNSTREAM_PROTOCOL',
  }),
});

const ROUTER_OPTIONS = { suppress_envoy_headers: () => true, dynamic_stats: () => false, start_child_span: () => false, respect_expected_rq_timeout: () => true, strict_check_headers: () => ['x-envoy-upstream-rq-timeout-ms'] };

export const huntConfig = (dice: Dice): Tree => {
  const filters = FILTER_NAMES.filter(() => dice.chance(0.08));
  const options = dice.some(0.2, ROUTER_OPTIONS);
  return {
    hcm: manager(dice),
    route_config: routeConfig(dice, filters),
    http_filters: [...filters.map((name) => httpFilter(dice, name)), { name: 'router', typed_config: { '@type': ROUTER, ...options } }],
    log_format: logFormat(dice, 'suppress_envoy_headers' in options),
    clusters: { origin: cluster(dice), second: cluster(dice) },
    bootstrap: { layered_runtime: { layers: [{ name: 'flags', static_layer: RUNTIME }] }, stats_flush_on_admin: true },
  };
};
