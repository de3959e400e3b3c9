import { fields, ignored, type SupportTable } from '../../config/support.ts';

export const rbacSupport: SupportTable = {
  'envoy.extensions.filters.http.rbac.v3.RBAC': fields('rules rules_stat_prefix matcher shadow_rules shadow_matcher shadow_rules_stat_prefix track_per_rule_stats'),
  'envoy.config.rbac.v3.Action': fields('name action'),
  'envoy.extensions.filters.http.rbac.v3.RBACPerRoute': fields('rbac'),
  'envoy.config.rbac.v3.RBAC': {
    ...fields('action policies'),
    audit_logging_options: ignored('Envoy has no audit loggers: gRPC reads it'),
  },
  'envoy.config.rbac.v3.Policy': {
    ...fields('permissions principals condition cel_config'),
    checked_condition: ignored('Envoy takes no notice of it: use condition'),
  },
  'envoy.config.rbac.v3.Permission': {
    ...fields('and_rules or_rules any header url_path destination_ip destination_port destination_port_range metadata not_rule requested_server_name sourced_metadata matcher uri_template'),
  },
  'envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig': fields('path_template'),
  'envoy.config.rbac.v3.Permission.Set': fields('rules'),
  'envoy.config.rbac.v3.Principal': fields(
    'and_ids or_ids any authenticated source_ip direct_remote_ip remote_ip header url_path metadata filter_state not_id sourced_metadata custom',
  ),
  'envoy.extensions.rbac.matchers.upstream_ip_port.v3.UpstreamIpPortMatcher': fields('upstream_ip upstream_port_range'),
  'envoy.type.v3.Int64Range': fields('start end'),
  'envoy.extensions.rbac.principals.mtls_authenticated.v3.Config': fields('san_matcher any_validated_client_certificate'),
  'envoy.config.rbac.v3.Principal.Set': fields('ids'),
  'envoy.config.rbac.v3.Principal.Authenticated': fields('principal_name'),
  'envoy.config.rbac.v3.SourcedMetadata': fields('metadata_matcher metadata_source'),
  'envoy.type.matcher.v3.FilterStateMatcher': fields('key string_match address_match'),
  'envoy.type.matcher.v3.PathMatcher': fields('path'),
  'envoy.type.v3.Int32Range': fields('start end'),
};
