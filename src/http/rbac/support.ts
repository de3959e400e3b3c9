import { fields, ignored, refused, type SupportTable } from '../../config/support.ts';

export const rbacSupport: SupportTable = {
  'envoy.extensions.filters.http.rbac.v3.RBAC': fields('rules rules_stat_prefix matcher shadow_rules shadow_matcher shadow_rules_stat_prefix track_per_rule_stats'),
  'envoy.config.rbac.v3.Action': fields('name action'),
  'envoy.extensions.filters.http.rbac.v3.RBACPerRoute': fields('rbac'),
  'envoy.config.rbac.v3.RBAC': {
    ...fields('action policies'),
    audit_logging_options: refused('there are no audit logs'),
  },
  'envoy.config.rbac.v3.Policy': {
    ...fields('permissions principals condition cel_config'),
    checked_condition: ignored('Envoy takes no notice of it: use condition'),
  },
  'envoy.config.rbac.v3.Permission': {
    ...fields('and_rules or_rules any header url_path destination_ip destination_port destination_port_range metadata not_rule requested_server_name sourced_metadata'),
    matcher: refused('no matcher extension is built in'),
    uri_template: refused('no matcher extension is built in'),
  },
  'envoy.config.rbac.v3.Permission.Set': fields('rules'),
  'envoy.config.rbac.v3.Principal': {
    ...fields('and_ids or_ids any authenticated source_ip direct_remote_ip remote_ip header url_path metadata filter_state not_id sourced_metadata'),
    custom: refused('no principal extension is built in'),
  },
  'envoy.config.rbac.v3.Principal.Set': fields('ids'),
  'envoy.config.rbac.v3.Principal.Authenticated': fields('principal_name'),
  'envoy.config.rbac.v3.SourcedMetadata': fields('metadata_matcher metadata_source'),
  'envoy.type.matcher.v3.FilterStateMatcher': fields('key string_match'),
  'envoy.type.matcher.v3.PathMatcher': fields('path'),
  'envoy.type.v3.Int32Range': fields('start end'),
};
