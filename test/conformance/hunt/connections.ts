/** Connections before and beside their bytes: PROXY headers with TLVs, odd ClientHellos, who may pass, and where connections go. */

import type { Dice } from './dice.ts';
import type { Scene } from './scenes.ts';
import { log, OPERATORS, tcpUpstream, typed } from './tcp.ts';

type Tree = Record<string, unknown>;

const MORE_OPERATORS = [
  ...OPERATORS,
  'DYNAMIC_METADATA(pp)', 'DYNAMIC_METADATA(pp:key)', 'DYNAMIC_METADATA(envoy.filters.listener.proxy_protocol:other)', 'DYNAMIC_METADATA(envoy.filters.listener.tls_inspector)',
  'DYNAMIC_METADATA(envoy.filters.network.rbac)', 'FILTER_STATE(envoy.network.proxy_protocol.tlv:FIELD:key)', 'FILTER_STATE(envoy.network.proxy_protocol.tlv:PLAIN)',
  'DOWNSTREAM_LOCAL_PORT', 'DOWNSTREAM_REMOTE_PORT', 'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT', 'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(16)', 'DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT',
  'DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT', 'DOWNSTREAM_DIRECT_LOCAL_ADDRESS', 'DOWNSTREAM_TRANSPORT_FAILURE_REASON', 'DOWNSTREAM_WIRE_BYTES_SENT', 'DOWNSTREAM_WIRE_BYTES_RECEIVED',
  'UPSTREAM_WIRE_BYTES_SENT', 'UPSTREAM_WIRE_BYTES_RECEIVED', 'UPSTREAM_HOST_NAME', 'UPSTREAM_REMOTE_ADDRESS', 'UPSTREAM_CLUSTER_RAW', 'UPSTREAM_PROTOCOL', 'RESPONSE_FLAGS_LONG', 'ROUTE_NAME',
  'VIRTUAL_CLUSTER_NAME', 'TLS_JA3_FINGERPRINT', 'TLS_JA4_FINGERPRINT', 'DOWNSTREAM_TLS_VERSION', 'REQ(:METHOD)', 'RESPONSE_CODE_DETAILS(ALLOW_WHITESPACES)', 'GRPC_STATUS',
] as const;

const HELLOS = [
  'sni=origin', 'sni=second', 'sni=dead', 'sni=nobody', 'sni=ORIGIN', 'sni=origin,second', 'sni=origin twice=sni', 'sni=origin. ', 'sni=a..com', 'sni=10.0.0.1', 'sni=or_igin', 'alpn=h2,h2', 'sni=second alpn=h2 twice=alpn',
  'alpn=,h2', 'alpn=http/1.1,foo', 'sni=origin grease', 'grease alpn=h2', 'sni=second version=301', 'sni=second version=300', 'sni=second version=304', 'sni=second version=305', 'sni=second fragment=1',
  'sni=second fragment=5 grease', 'sni=origin pad=3000', 'sni=origin pad=16000', 'sni=origin pad=15000 fragment=900', 'sni=origin cut=1', 'sni=origin cut=60', 'fragment=4 cut=3', `sni=${'a'.repeat(255)}`, `sni=${'a'.repeat(256)}`,
] as const;

/** A header of version 2 from 10.1.2.3:1111 to 10.9.8.7:8443. */
const ADDRESSES = '\x0a\x01\x02\x03\x0a\x09\x08\x07\x04\x57\x20\xfb';
const word = (value: number): string => String.fromCharCode(value >> 8, value & 255);
const tlv = (type: number, value: string, length = value.length): string => String.fromCharCode(type) + word(length) + value;

const proxyHeader = (dice: Dice): string => {
  const tlvs = dice.list(0, 4, () => dice.make([
    () => tlv(dice.pick([1, 2, 5, 0xe0, 0xe1]), dice.pick(['h2', 'second', '', 'é', '\xff\xfe', 'a"b'])),
    () => tlv(2, 'origin'),
    () => tlv(4, '\0\0\0'),
    () => tlv(3, '\x01\x02\x03\x04'),
    () => tlv(0x30, 'ns', dice.pick([2, 2, 3, 1])),
  ])).join('');
  const [family, addresses] = dice.pick([['\x11', ADDRESSES], ['\x11', ADDRESSES], ['\x11', ADDRESSES], ['\x12', ADDRESSES], ['\0', ''], ['\x21', '\0'.repeat(36)], ['\x31', '\0'.repeat(216)]] as const);
  const command = dice.pick(['\x21', '\x21', '\x21', '\x20', '\x22']);
  const extra = dice.pick([0, 0, 0, 0, 1, -1]);
  return `\r\n\r\n\0\r\nQUIT\n${command}${family}${word(Math.max(0, addresses.length + tlvs.length + extra))}${addresses}${tlvs}`;
};

const rule = (dice: Dice): Tree => ({ tlv_type: dice.pick([1, 2, 5, 0xe0, 0xe1]), on_tlv_present: { key: dice.pick(['key', 'other']), ...dice.some(0.4, { metadata_namespace: () => 'pp' }) } });

const proxyFilter = (dice: Dice): Tree => ({
  name: 'proxy',
  typed_config: typed('filters.listener.proxy_protocol.v3.ProxyProtocol', dice.some(0.35, {
    rules: () => dice.list(1, 3, () => rule(dice)),
    allow_requests_without_proxy_protocol: () => true,
    pass_through_tlvs: () => (dice.chance(0.5) ? { match_type: 'INCLUDE_ALL' } : { match_type: 'INCLUDE', tlv_type: [2, 0xe0] }),
    disallowed_versions: () => [dice.pick(['V1', 'V2'])],
    tlv_location: () => dice.pick(['FILTER_STATE', 'DYNAMIC_METADATA']),
    stat_prefix: () => 'pp',
  })),
});

const tlsFilter = (dice: Dice): Tree => ({
  name: 'tls',
  typed_config: typed('filters.listener.tls_inspector.v3.TlsInspector', dice.some(0.3, {
    enable_ja3_fingerprinting: () => true,
    enable_ja4_fingerprinting: () => true,
    max_client_hello_size: () => dice.pick([256, 2048, 16_384]),
    close_connection_on_client_hello_parsing_errors: () => true,
  })),
});

const range = (dice: Dice): Tree => ({ address_prefix: dice.pick(['10.0.0.0', '127.0.0.0', '0.0.0.0']), prefix_len: dice.pick([0, 8, 32]) });
const text = (dice: Dice): Tree => dice.pick([{ exact: 'second' }, { prefix: 'or' }, { suffix: 'd', ignore_case: true }, { contains: 'e' }, { safe_regex: { regex: '[a-z]*' } }]);
const metadata = (dice: Dice): Tree => ({ filter: dice.pick(['pp', 'envoy.filters.listener.proxy_protocol']), path: [{ key: 'key' }], value: dice.pick([{ string_match: { exact: 'second' } }, { present_match: true }]), ...dice.some(0.2, { invert: () => true }) });

const principal = (dice: Dice, depth = 0): Tree =>
  dice.make<Tree>([
    () => ({ any: true }),
    () => ({ authenticated: dice.pick([{}, { principal_name: { exact: '' } }, { principal_name: { prefix: 'a' } }]) }),
    () => ({ source_ip: range(dice) }),
    () => ({ direct_remote_ip: range(dice) }),
    () => ({ remote_ip: range(dice) }),
    () => ({ metadata: metadata(dice) }),
    () => ({ url_path: { path: { prefix: '/' } } }),
    () => ({ filter_state: { key: 'envoy.network.proxy_protocol.tlv', string_match: text(dice) } }),
    () => ({ not_id: depth > 2 ? { any: true } : principal(dice, depth + 1) }),
    () => ({ [dice.pick(['and_ids', 'or_ids'])]: { ids: dice.list(1, 2, () => (depth > 2 ? { any: true } : principal(dice, depth + 1))) } }),
  ]);

const permission = (dice: Dice, depth = 0): Tree =>
  dice.make<Tree>([
    () => ({ any: true }),
    () => ({ destination_ip: range(dice) }),
    () => ({ destination_port: dice.pick([8443, 1]) }),
    () => ({ destination_port_range: { start: 8000, end: dice.pick([8443, 8444]) } }),
    () => ({ requested_server_name: text(dice) }),
    () => ({ metadata: metadata(dice) }),
    () => ({ not_rule: depth > 2 ? { any: true } : permission(dice, depth + 1) }),
    () => ({ [dice.pick(['and_rules', 'or_rules'])]: { rules: dice.list(1, 2, () => (depth > 2 ? { any: true } : permission(dice, depth + 1))) } }),
  ]);

const rules = (dice: Dice): Tree => ({
  action: dice.pick(['ALLOW', 'DENY', 'LOG']),
  policies: Object.fromEntries(dice.list(0, 2, (index) => [`p${index}`, { permissions: [permission(dice)], principals: dice.list(1, 2, () => principal(dice)) }])),
});

const rbac = (dice: Dice): Tree => ({
  name: 'rbac',
  typed_config: typed('filters.network.rbac.v3.RBAC', { stat_prefix: 'in', ...dice.some(0.6, { rules: () => rules(dice), shadow_rules: () => rules(dice) }), ...dice.some(0.2, { shadow_rules_stat_prefix: () => 'shadow_', enforcement_type: () => 'CONTINUOUS', delay_deny: () => '0.03s' }) }),
});

const tcpProxy = (dice: Dice): Tree => ({
  name: 'tcp',
  typed_config: typed('filters.network.tcp_proxy.v3.TcpProxy', {
    stat_prefix: 'proxy',
    ...dice.make<Tree>([
      () => ({ cluster: dice.pick(['origin', 'second', 'dead', 'nobody']) }),
      () => ({ weighted_clusters: { clusters: dice.list(1, 2, (weight) => ({ name: 'origin', weight: weight + 1 })) } }),
    ]),
    access_log: log(dice, 'tcp', MORE_OPERATORS),
    ...dice.some(0.2, {
      idle_timeout: () => '0.07s',
      max_downstream_connection_duration: () => '0.09s',
      max_connect_attempts: () => dice.pick([1, 3]),
      access_log_options: () => ({ flush_access_log_on_connected: true }),
    }),
  }),
});

const networkFilters = (dice: Dice): Tree[] => [
  ...(dice.chance(0.5) ? [rbac(dice)] : []),
  ...(dice.chance(0.4) ? [{ name: 'sni', typed_config: typed('filters.network.sni_cluster.v3.SniCluster') }] : []),
  ...(dice.chance(0.15) ? [{ name: 'limit', typed_config: typed('filters.network.local_ratelimit.v3.LocalRateLimit', { stat_prefix: 'limit', token_bucket: { max_tokens: 1000, fill_interval: '60s' } }) }] : []),
  tcpProxy(dice),
];

/** Few values, so that several hold at once and the order of precedence tells. Ranges of all addresses are not among them: `differences.md`. */
const chainMatch = (dice: Dice): Tree =>
  dice.some(0.3, {
    destination_port: () => 8443,
    prefix_ranges: () => [dice.pick([{ address_prefix: '10.0.0.0', prefix_len: 8 }, { address_prefix: '10.9.8.0', prefix_len: 24 }, { address_prefix: '0.0.0.0', prefix_len: 1 }])],
    server_names: () => [dice.pick(['origin', 'second', '*.com'])],
    transport_protocol: () => dice.pick(['tls', 'raw_buffer']),
    application_protocols: () => [dice.pick(['h2', 'foo'])],
    direct_source_prefix_ranges: () => [dice.pick([{ address_prefix: '127.0.0.0', prefix_len: 8 }, { address_prefix: '127.0.0.1', prefix_len: 32 }])],
    source_type: () => dice.pick(['SAME_IP_OR_LOOPBACK', 'EXTERNAL', 'ANY']),
    source_prefix_ranges: () => [dice.pick([{ address_prefix: '10.0.0.0', prefix_len: 8 }, { address_prefix: '10.1.2.3', prefix_len: 32 }, { address_prefix: '0.0.0.0', prefix_len: 1 }])],
    source_ports: () => [1111],
  });

const chains = (dice: Dice): Tree[] => {
  const matched = dice.list(0, 5, (index) => ({ name: `chain-${index}`, filter_chain_match: chainMatch(dice), filters: networkFilters(dice) }));
  const once = new Map(matched.map((chain) => [JSON.stringify(chain.filter_chain_match).replace(',"source_type":"ANY"', '').replace('"source_type":"ANY"', ''), chain]));
  once.delete('{}');
  return [...once.values(), { name: 'rest', filters: networkFilters(dice) }];
};

const config = (dice: Dice): Tree => ({
  listener: {
    listener_filters: [...(dice.chance(0.7) ? [proxyFilter(dice)] : []), ...(dice.chance(0.7) ? [tlsFilter(dice)] : [])],
    ...dice.some(0.15, { listener_filters_timeout: () => '0.06s', continue_on_listener_filters_timeout: () => true }),
  },
  listener_log: log(dice, 'listener', MORE_OPERATORS),
  filter_chains: chains(dice),
});

const client = (dice: Dice): unknown[] => [
  ...(dice.chance(0.65) ? [{ send: proxyHeader(dice) }, ...(dice.chance(0.2) ? [{ pause: 15 }] : [])] : []),
  dice.chance(0.7) ? { send: `{{hello ${dice.pick(HELLOS)}}}` } : { send: dice.pick(['ping', '\x16\x03\x01', '\x15\x03\x01\0\x02\x02\x28', '\x80\x2e\x01\x03\x01', '\x16\x03\x01\0\0', 'GET / HTTP/1.1\r\n\r\n']) },
  { pause: 25 },
  ...(dice.chance(0.4) ? [{ send: 'ping' }, { pause: 20 }] : []),
  ...dice.pick([[], ['half-close'], ['close'], ['half-close', { pause: 25 }, { send: 'late' }], [{ pause: 60 }]] as const),
];

export const connectionsScene = (dice: Dice): Scene => ({
  base: 'tcp',
  config: config(dice),
  exchange: () => ({ upstreams: { origin: tcpUpstream(dice), second: tcpUpstream(dice), dead: 'refuse' }, client: client(dice) }),
});
