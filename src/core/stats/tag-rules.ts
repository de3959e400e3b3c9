/**
 * Envoy's default tag rules, in the order in which their tags appear.
 *
 * A token rule compares the name's dot-separated parts: `$` is the part that becomes the value, `*` any one part, `**` one or more (at the end) parts.
 * A regex rule removes what its first group holds; the value is its second group, or the first when there is none. `contains` must occur in the name;
 * a value equal to `except` is not taken.
 */
export interface TokenRule {
  readonly tag: string;
  readonly tokens: string;
}

export interface RegexRule {
  readonly tag: string;
  readonly regex: RegExp;
  readonly contains?: string;
  readonly except?: string;
  /** A configured regex yields its tag even when its groups are empty, a default one does not. */
  readonly mayBeEmpty?: true;
}

export type TagRule = TokenRule | RegexRule;

const PART = '[^.]+';
const ADDRESS = String.raw`(?:(?:\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[[a-fA-F_\d]+\])_\d+)`;
const ALGORITHM = String.raw`[\w-]+`;
const LISTENER_OR_CLUSTER = String.raw`(?:listener|cluster)\..*?`;

export const DEFAULT_TAG_RULES: readonly TagRule[] = [
  { tag: 'envoy.response_code', regex: /_rq(_(\d{3}))$/, contains: '_rq_' },
  { tag: 'envoy.response_code_class', regex: /_rq_((\d))xx$/, contains: '_rq_' },
  {
    tag: 'envoy.dynamo_partition_id',
    regex: pattern(String.raw`^http\.PART\.dynamodb\.table\.PART\.capacity\.PART(\.__partition_id=(\w{7}))$`),
    contains: '.dynamodb.table.',
  },
  {
    tag: 'envoy.dynamo_operation',
    regex: pattern(String.raw`^http\.PART\.dynamodb.(?:operation|table\.PART\.capacity)(\.(PART))(?:\.|$)`),
    contains: '.dynamodb.',
  },
  { tag: 'envoy.dynamo_table', regex: pattern(String.raw`^http\.PART\.dynamodb.(?:table|error)\.((PART)\.)`), contains: '.dynamodb.' },
  { tag: 'envoy.ssl_cipher', regex: pattern(String.raw`^listener\..*?\.ssl\.ciphers(\.(ALGORITHM))$`), contains: '.ssl.ciphers.' },
  { tag: 'cipher_suite', regex: pattern(String.raw`^cluster\.PART\.ssl\.ciphers(\.(ALGORITHM))$`), contains: '.ssl.ciphers.' },
  { tag: 'envoy.ssl_curve', regex: pattern(String.raw`^LISTENER_OR_CLUSTER\.ssl\.curves(\.(ALGORITHM))$`), contains: '.ssl.curves.' },
  { tag: 'envoy.ssl_sigalg', regex: pattern(String.raw`^LISTENER_OR_CLUSTER\.ssl\.sigalgs(\.(ALGORITHM))$`), contains: '.ssl.sigalgs.' },
  { tag: 'envoy.ssl_version', regex: pattern(String.raw`^LISTENER_OR_CLUSTER\.ssl\.versions(\.(TLSv\d\.\d))$`), contains: '.ssl.versions.' },
  { tag: 'envoy.health_check_name', regex: pattern(String.raw`^cluster\.PART\.health_check(\.name\.(PART))\..+`), contains: '.health_check.name.' },
  { tag: 'envoy.http_conn_manager_prefix', regex: pattern(String.raw`^listener\..*?\.http\.((PART)\.)`), contains: '.http.' },
  {
    tag: 'envoy.worker_id',
    regex: pattern(String.raw`^(?:listener\.(?:ADDRESS|PART)|server|listener_manager|thread_local_cluster_manager)\.worker_((\d+)\.)`),
    contains: '.worker_',
  },
  { tag: 'envoy.listener_address', regex: pattern(String.raw`^listener\.((ADDRESS|PART)\.)`), except: 'admin' },
  { tag: 'envoy.rds_route_config', regex: pattern(String.raw`^http\.PART\.rds\.(([\w\-./]+)\.)\w+?$`), contains: '.rds.' },
  { tag: 'envoy.scoped_rds_config', regex: pattern(String.raw`^http\.PART\.scoped_rds\.(([\w\-.]+)\.)\w+?$`), contains: '.scoped_rds.' },
  {
    tag: 'envoy.rbac_policy_name',
    regex: pattern(String.raw`^http\.PART\.rbac\.(?:PART\.)?policy\.((PART)\.)(allowed|shadow_allowed|denied|shadow_denied)$`),
    contains: '.rbac.',
  },
  { tag: 'envoy.rbac_http_prefix', regex: pattern(String.raw`^http\.PART\.rbac\.((PART)\.).*?`), contains: '.rbac.', except: 'policy' },
  {
    tag: 'envoy.proxy_protocol_version',
    regex: pattern(String.raw`^proxy_proto\.((?:PART\.)?versions\.v(\d)\.)\w+$`),
    contains: 'versions.v',
  },
  { tag: 'envoy.proxy_protocol_prefix', regex: pattern(String.raw`^proxy_proto\.((PART)\.).+$`), except: 'versions' },
  { tag: 'envoy.tls_certificate', regex: pattern(String.raw`^LISTENER_OR_CLUSTER\.ssl\.certificate\.((PART)\.).*$`), contains: '.ssl.certificate.' },
  { tag: 'envoy.xds_resource_name', regex: pattern(String.raw`^sds\.((PART)\.).+`) },
  { tag: 'envoy.mongo_callsite', tokens: 'mongo.*.collection.*.callsite.$.query.**' },
  { tag: 'envoy.mongo_collection', tokens: 'mongo.*.collection.$.**.query.*' },
  { tag: 'envoy.mongo_cmd', tokens: 'mongo.*.cmd.$.**' },
  { tag: 'envoy.grpc_bridge_method', tokens: 'cluster.*.grpc.*.$.**' },
  { tag: 'envoy.http_user_agent', tokens: 'http.*.user_agent.$.**' },
  { tag: 'envoy.virtual_cluster', tokens: 'vhost.*.vcluster.$.**' },
  { tag: 'envoy.fault_downstream_cluster', tokens: 'http.*.fault.$.**' },
  { tag: 'envoy.grpc_bridge_service', tokens: 'cluster.*.grpc.$.**' },
  { tag: 'envoy.tcp_prefix', tokens: 'tcp.$.**' },
  { tag: 'envoy.udp_prefix', tokens: 'udp.$.**' },
  { tag: 'envoy.clientssl_prefix', tokens: 'auth.clientssl.$.**' },
  { tag: 'envoy.ratelimit_prefix', tokens: 'ratelimit.$.**' },
  { tag: 'envoy.cluster_name', tokens: 'cluster.$.**' },
  { tag: 'envoy.ext_authz_prefix', tokens: 'cluster.*.ext_authz.$.**' },
  { tag: 'envoy.ext_authz_prefix', tokens: 'http.*.ext_authz.$.**' },
  { tag: 'envoy.http_conn_manager_prefix', tokens: 'http.$.**' },
  { tag: 'envoy.virtual_host', tokens: 'vhost.$.**' },
  { tag: 'envoy.mongo_prefix', tokens: 'mongo.$.**' },
  { tag: 'envoy.route', tokens: 'vhost.*.route.$.**' },
  { tag: 'envoy.thrift_prefix', tokens: 'thrift.$.**' },
  { tag: 'envoy.redis_prefix', tokens: 'redis.$.**' },
  { tag: 'envoy.local_http_ratelimit_prefix', tokens: '$.http_local_rate_limit.**' },
  { tag: 'envoy.local_network_ratelimit_prefix', tokens: 'local_rate_limit.$.**' },
  { tag: 'envoy.local_listener_ratelimit_prefix', tokens: 'listener_local_ratelimit.$.**' },
  { tag: 'envoy.dns_filter_prefix', tokens: 'dns_filter.$.**' },
  { tag: 'envoy.connection_limit_prefix', tokens: 'connection_limit.$.**' },
  { tag: 'envoy.rbac_prefix', tokens: '$.rbac.**' },
  { tag: 'envoy.google_grpc_client_prefix', tokens: 'grpc.$.**' },
];

function pattern(text: string): RegExp {
  const source = text
    .replaceAll('LISTENER_OR_CLUSTER', LISTENER_OR_CLUSTER)
    .replaceAll('ADDRESS', ADDRESS)
    .replaceAll('ALGORITHM', ALGORITHM)
    .replaceAll('PART', PART);
  return new RegExp(source);
}
