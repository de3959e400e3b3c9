/** TCP: listener filters, chains and what matches them, proxied bytes and how their connections end. */

import type { Dice } from './dice.ts';
import type { Scene } from './scenes.ts';

type Step = object | string;

export const typed = (type: string, config: object = {}): object => ({ '@type': `type.googleapis.com/envoy.extensions.${type}`, ...config });
const PROXY_HEADERS = ['PROXY TCP4 10.1.2.3 10.9.8.7 1111 8443\r\n', 'PROXY TCP6 2001:db8::1 2001:db8::2 1 443\r\n', 'PROXY UNKNOWN\r\n', 'PROXY UNKNOWN a b\r\n', 'PROXY TCP4 1.2.3 4.5.6.7 1 2\r\n', 'PROXY TCP4 1.2.3.4 4.5.6.7 1 99999\r\n', 'PROXY tcp4\r\n', 'PROXY TCP4 10.1.2.3 10.9.8.7 1111\r\n', 'PROXY \r\n', 'PROX', '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x0a\x01\x02\x03\x0a\x09\x08\x07\x04\x57\x20\xfb', '\r\n\r\n\0\r\nQUIT\n\x20\0\0\0', '\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0'] as const;
const HELLOS = ['{{hello sni=a.com}}', '{{hello sni=b.a.com alpn=h2,http/1.1}}', '{{hello sni=A.com}}', '{{hello alpn=h2}}', '{{hello}}', '{{hello sni=other.org fragment=40}}'] as const;
const TEXTS = ['ping', 'GET / HTTP/1.1\r\nhost: a\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'GET / HTTP/1.0\r\n', '\x16\x03\x01\0\x05', 'x', '{{a*9000}}'] as const;
const OPERATORS = ['RESPONSE_FLAGS', 'RESPONSE_CODE_DETAILS', 'CONNECTION_TERMINATION_DETAILS', 'FILTER_CHAIN_NAME', 'REQUESTED_SERVER_NAME', 'BYTES_RECEIVED', 'BYTES_SENT', 'UPSTREAM_CLUSTER', 'UPSTREAM_HOST', 'DOWNSTREAM_REMOTE_ADDRESS', 'DOWNSTREAM_DIRECT_REMOTE_ADDRESS', 'DOWNSTREAM_LOCAL_ADDRESS', 'DOWNSTREAM_DETECTED_CLOSE_TYPE', 'DOWNSTREAM_LOCAL_CLOSE_REASON', 'UPSTREAM_DETECTED_CLOSE_TYPE', 'UPSTREAM_LOCAL_CLOSE_REASON', 'UPSTREAM_REQUEST_ATTEMPT_COUNT', 'UPSTREAM_TRANSPORT_FAILURE_REASON', 'PROTOCOL', 'RESPONSE_CODE', 'ACCESS_LOG_TYPE', 'DYNAMIC_METADATA(envoy.filters.listener.proxy_protocol)'] as const;

/** What connections can be asked, in the log of `who`. */
export const log = (dice: Dice, who: string, operators: readonly string[] = OPERATORS): object[] => [
  { name: 'file', typed_config: typed('access_loggers.file.v3.FileAccessLog', { path: '{{log}}', log_format: { json_format: { who, ...Object.fromEntries(dice.list(2, 7, (index) => [`v${index}`, `%${dice.pick(operators)}%`])) } } }) },
];

const listenerFilters = (dice: Dice): object[] => [
  ...(dice.chance(0.5) ? [{ name: 'proxy', typed_config: typed('filters.listener.proxy_protocol.v3.ProxyProtocol', dice.some(0.4, { allow_requests_without_proxy_protocol: () => true, stat_prefix: () => 'pp' })) }] : []),
  ...(dice.chance(0.5) ? [{ name: 'tls', typed_config: typed('filters.listener.tls_inspector.v3.TlsInspector') }] : []),
  ...(dice.chance(0.4) ? [{ name: 'http', typed_config: typed('filters.listener.http_inspector.v3.HttpInspector') }] : []),
];

const chainMatch = (dice: Dice): object =>
  dice.some(0.25, {
    server_names: () => dice.list(1, 2, () => dice.pick(['a.com', '*.a.com', '*.com', 'other.org'])),
    transport_protocol: () => dice.pick(['tls', 'raw_buffer']),
    application_protocols: () => [dice.pick(['h2', 'http/1.1', 'h2c'])],
    prefix_ranges: () => [{ address_prefix: dice.pick(['10.0.0.0', '127.0.0.0']), prefix_len: 8 }],
    source_prefix_ranges: () => [{ address_prefix: dice.pick(['10.0.0.0', '127.0.0.0']), prefix_len: 8 }],
    direct_source_prefix_ranges: () => [{ address_prefix: '127.0.0.0', prefix_len: dice.pick([8, 32]) }],
    source_type: () => dice.pick(['SAME_IP_OR_LOOPBACK', 'EXTERNAL']),
    source_ports: () => [dice.pick([1111, 1])],
    destination_port: () => dice.pick([8443, 443]),
  });

const networkFilters = (dice: Dice): object[] => {
  if (dice.chance(0.2)) return [{ name: 'answer', typed_config: typed('filters.network.direct_response.v3.Config', { response: { inline_string: dice.pick(['hello', '']) } }) }];
  const proxy = {
    stat_prefix: 'proxy',
    cluster: dice.pick(['origin', 'origin', 'origin', 'second', 'dead']),
    access_log: log(dice, 'tcp'),
    ...dice.some(0.15, { idle_timeout: () => '0.08s', max_connect_attempts: () => 2, max_downstream_connection_duration: () => '0.1s' }),
  };
  return [
    ...(dice.chance(0.15) ? [{ name: 'limit', typed_config: typed('filters.network.connection_limit.v3.ConnectionLimit', { stat_prefix: 'limit', max_connections: dice.pick([1, 100]), ...(dice.chance(0.3) && { delay: '0.02s' }) }) }] : []),
    ...(dice.chance(0.15) ? [{ name: 'rbac', typed_config: typed('filters.network.rbac.v3.RBAC', { stat_prefix: 'rbac.', rules: { action: dice.pick(['ALLOW', 'DENY', 'LOG']), policies: { p: { permissions: [dice.make<object>([() => ({ any: true }), () => ({ destination_port: 8443 }), () => ({ requested_server_name: { exact: 'a.com' } })])], principals: [dice.make<object>([() => ({ any: true }), () => ({ remote_ip: { address_prefix: '10.0.0.0', prefix_len: 8 } }), () => ({ direct_remote_ip: { address_prefix: '127.0.0.0', prefix_len: 8 } })])] } } } }) }] : []),
    { name: 'tcp', typed_config: typed('filters.network.tcp_proxy.v3.TcpProxy', proxy) },
  ];
};

/** Equal matches are refused: each chain but the last has one that can hardly come twice. */
const chains = (dice: Dice): object[] => {
  const matched = dice.list(0, 3, (index) => ({ name: `chain-${index}`, filter_chain_match: chainMatch(dice), filters: networkFilters(dice) }));
  const once = [...new Map(matched.map((chain) => [JSON.stringify(chain.filter_chain_match), chain])).values()].filter((chain) => Object.keys(chain.filter_chain_match).length > 0);
  return dice.chance(0.8) ? [...once, { name: 'rest', filters: networkFilters(dice) }] : once.length > 0 ? once : [{ filters: networkFilters(dice) }];
};

const config = (dice: Dice): object => ({
  listener: {
    listener_filters: listenerFilters(dice),
    ...dice.some(0.15, { listener_filters_timeout: () => '0.08s', continue_on_listener_filters_timeout: () => true }),
    ...(dice.chance(0.2) && { default_filter_chain: { name: 'default', filters: networkFilters(dice) } }),
  },
  listener_log: log(dice, 'listener'),
  filter_chains: chains(dice),
  clusters: Object.fromEntries(['origin', 'second'].map((name) => [name, dice.some(0.1, { circuit_breakers: () => ({ thresholds: [{ max_connections: dice.pick([0, 1]) }] }) })])),
});

const client = (dice: Dice): unknown[] => [
  ...(dice.chance(0.45) ? [{ send: dice.pick(PROXY_HEADERS) }, ...(dice.chance(0.3) ? [{ pause: 15 }] : [])] : []),
  ...(dice.chance(0.4) ? [{ send: dice.pick(HELLOS) }] : dice.chance(0.8) ? [{ send: dice.pick(TEXTS) }] : ['connect']),
  { pause: 20 },
  ...(dice.chance(0.5) ? [{ send: 'ping' }, { pause: 20 }] : []),
  ...dice.pick([[], ['half-close'], ['close'], ['half-close', { pause: 25 }, { send: 'late' }]] as const),
];

const upstream = (dice: Dice): object => ({
  when: 'connect',
  replies: dice.list(1, 2, (): Step[] => [
    ...(dice.chance(0.3) ? [{ send: 'welcome' }] : []),
    ...(dice.chance(0.6) ? [{ 'await-text': 'ping' }] : []),
    ...(dice.chance(0.7) ? [{ send: dice.pick(['pong', '{{p*20000}}']) }] : []),
    ...(dice.chance(0.5) ? [{ pause: 10 }, dice.pick(['close', 'half-close'])] : []),
  ]),
});

export { OPERATORS, upstream as tcpUpstream };

export const tcpScene = (dice: Dice): Scene => ({
  base: 'tcp',
  config: config(dice),
  exchange: () => ({ upstreams: { origin: upstream(dice), second: upstream(dice), dead: 'refuse' }, client: client(dice) }),
});
