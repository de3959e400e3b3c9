import { fields, refused, type SupportTable } from '../../config/support.ts';

const NETWORK = 'envoy.extensions.matching.common_inputs.network.v3';
const TYPES = 'envoy.type.matcher.v3';

/** The two messages of Envoy's API that hold a tree have one shape. */
function trees(matcher: string): SupportTable {
  return {
    [matcher]: fields('matcher_list matcher_tree on_no_match'),
    [`${matcher}.OnMatch`]: fields('matcher action keep_matching'),
    [`${matcher}.MatcherList`]: fields('matchers'),
    [`${matcher}.MatcherList.FieldMatcher`]: fields('predicate on_match'),
    [`${matcher}.MatcherList.Predicate`]: fields('single_predicate or_matcher and_matcher not_matcher'),
    [`${matcher}.MatcherList.Predicate.SinglePredicate`]: fields('input value_match custom_match'),
    [`${matcher}.MatcherList.Predicate.PredicateList`]: fields('predicate'),
    [`${matcher}.MatcherTree`]: fields('input exact_match_map prefix_match_map custom_match'),
    [`${matcher}.MatcherTree.MatchMap`]: fields('map'),
  };
}

/** Inputs without a field. */
const PLAIN_INPUTS = [
  ...['DestinationIP', 'DestinationPort', 'SourceIP', 'SourcePort', 'DirectSourceIP', 'SourceType', 'ServerName', 'NetworkNamespace', 'TransportProtocol', 'ApplicationProtocol'].map((name) => `${NETWORK}.${name}Input`),
  ...['UriSan', 'DnsSan', 'Subject'].map((name) => `envoy.extensions.matching.common_inputs.ssl.v3.${name}Input`),
  ...['StatusCode', 'StatusCodeClass', 'LocalReply'].map((name) => `${TYPES}.HttpResponse${name}MatchInput`),
];

export const matchingSupport: SupportTable = {
  ...trees('xds.type.matcher.v3.Matcher'),
  ...trees('envoy.config.common.matcher.v3.Matcher'),
  'xds.core.v3.TypedExtensionConfig': fields('name typed_config'),
  'xds.core.v3.CidrRange': fields('address_prefix prefix_len'),
  'xds.type.matcher.v3.StringMatcher': {
    ...fields('exact prefix suffix safe_regex contains ignore_case'),
    custom: refused('custom string matchers are not supported'),
  },
  'xds.type.matcher.v3.RegexMatcher': fields('google_re2 regex'),
  'xds.type.matcher.v3.RegexMatcher.GoogleRE2': {},
  'xds.type.matcher.v3.IPMatcher': fields('range_matchers'),
  'xds.type.matcher.v3.IPMatcher.IPRangeMatcher': fields('ranges on_match exclusive'),
  'xds.type.matcher.v3.ServerNameMatcher': fields('domain_matchers'),
  'xds.type.matcher.v3.ServerNameMatcher.DomainMatcher': fields('domains on_match'),
  ...Object.fromEntries(PLAIN_INPUTS.map((name) => [name, {}])),
  [`${NETWORK}.FilterStateInput`]: fields('key field'),
  [`${NETWORK}.DynamicMetadataInput`]: fields('filter path'),
  [`${NETWORK}.DynamicMetadataInput.PathSegment`]: fields('key'),
  [`${TYPES}.HttpRequestHeaderMatchInput`]: fields('header_name'),
  [`${TYPES}.HttpRequestTrailerMatchInput`]: fields('header_name'),
  [`${TYPES}.HttpResponseHeaderMatchInput`]: fields('header_name'),
  [`${TYPES}.HttpResponseTrailerMatchInput`]: fields('header_name'),
  [`${TYPES}.HttpRequestQueryParamMatchInput`]: fields('query_param'),
  'envoy.extensions.matching.common_inputs.environment_variable.v3.Config': fields('name'),
  'envoy.extensions.matching.input_matchers.ip.v3.Ip': fields('cidr_ranges stat_prefix'),
  'envoy.extensions.matching.input_matchers.consistent_hashing.v3.ConsistentHashing': fields('threshold modulo seed'),
  'envoy.extensions.matching.input_matchers.metadata.v3.Metadata': fields('value invert'),
  'envoy.extensions.matching.input_matchers.runtime_fraction.v3.RuntimeFraction': fields('runtime_fraction seed'),
};
