/** HTTP filters by the name they have in a chain, and what a route may say to them. */

import type { Dice } from './dice.ts';
import { formatted, operator } from './formats.ts';
import { headerMatch, stringMatch } from './matchers.ts';
import { NAMES, QUERY_NAMES } from './words.ts';

const typed = (type: string, config: object = {}): object => ({ '@type': `type.googleapis.com/${type}`, ...config });
const FILTERS = 'envoy.extensions.filters.http';
const ALWAYS = { numerator: 100 };

const valueOption = (dice: Dice): object => ({
  header: { key: dice.pick(NAMES), value: formatted(dice) },
  ...(dice.chance(0.6) && { append_action: dice.pick(['APPEND_IF_EXISTS_OR_ADD', 'ADD_IF_ABSENT', 'OVERWRITE_IF_EXISTS_OR_ADD', 'OVERWRITE_IF_EXISTS']) }),
});

const mutation = (dice: Dice): object =>
  dice.make<object>([() => ({ append: valueOption(dice) }), () => ({ append: valueOption(dice) }), () => ({ remove: dice.pick(NAMES) }), () => ({ remove_on_match: { key_matcher: stringMatch(dice) } })]);

const queryMutation = (dice: Dice): object => {
  const key = dice.pick(QUERY_NAMES.filter((name) => name !== ''));
  return dice.chance(0.3)
    ? { remove: key }
    : { append: { record: { key, value: dice.chance(0.3) ? operator(dice) : 'v' }, action: dice.pick(['APPEND_IF_EXISTS_OR_ADD', 'ADD_IF_ABSENT', 'OVERWRITE_IF_EXISTS_OR_ADD', 'OVERWRITE_IF_EXISTS']) } };
};

const mutations = (dice: Dice): object => ({
  mutations: dice.some(0.5, {
    request_mutations: () => dice.list(1, 3, () => mutation(dice)),
    response_mutations: () => dice.list(1, 3, () => mutation(dice)),
    response_trailers_mutations: () => dice.list(1, 2, () => mutation(dice)),
    request_trailers_mutations: () => dice.list(1, 2, () => mutation(dice)),
    ...(dice.chance(0.3) && { query_parameter_mutations: () => dice.list(1, 2, () => queryMutation(dice)) }),
  }),
});

const fault = (dice: Dice): object => ({
  ...(dice.chance(0.5) && { abort: { percentage: ALWAYS, ...dice.make<object>([() => ({ http_status: dice.pick([200, 404, 503]) }), () => ({ grpc_status: 5 }), () => ({ header_abort: {} })]) } }),
  ...(dice.chance(0.3) && { delay: { percentage: ALWAYS, ...dice.make<object>([() => ({ fixed_delay: '0.02s' }), () => ({ header_delay: {} })]) } }),
  ...(dice.chance(0.5) && { headers: [headerMatch(dice)] }),
});

const cors = (dice: Dice): object => ({
  allow_origin_string_match: [stringMatch(dice)],
  ...dice.some(0.5, { allow_methods: () => 'GET', allow_headers: () => 'x-a', expose_headers: () => 'x-up', max_age: () => '5', allow_credentials: () => true }),
});

const rbac = (dice: Dice): object => ({
  rules: {
    action: dice.pick(['ALLOW', 'DENY', 'LOG']),
    policies: {
      p: {
        permissions: [dice.make<object>([() => ({ any: true }), () => ({ header: headerMatch(dice) }), () => ({ url_path: { path: stringMatch(dice) } }), () => ({ not_rule: { header: headerMatch(dice) } })])],
        principals: [dice.make<object>([() => ({ any: true }), () => ({ header: headerMatch(dice) }), () => ({ remote_ip: { address_prefix: '10.0.0.0', prefix_len: 8 } }), () => ({ direct_remote_ip: { address_prefix: '127.0.0.0', prefix_len: 8 } })])],
      },
    },
  },
});

const bucket = (dice: Dice): object => ({
  stat_prefix: 'local',
  token_bucket: { max_tokens: dice.pick([1, 3, 1000]), fill_interval: '1000s' },
  filter_enabled: { default_value: ALWAYS },
  filter_enforced: { default_value: ALWAYS },
  ...dice.some(0.2, { enable_x_ratelimit_headers: () => 'DRAFT_VERSION_03', status: () => ({ code: 503 }), response_headers_to_add: () => [{ header: { key: 'x-limited', value: formatted(dice) } }], local_rate_limit_per_downstream_connection: () => true }),
});

const state = (dice: Dice): object => ({ on_request_headers: [{ object_key: 'state', factory_key: 'envoy.string', format_string: { text_format_source: { inline_string: formatted(dice) } }, ...(dice.chance(0.3) && { skip_if_empty: true }) }] });

interface HttpFilter {
  readonly type: string;
  readonly make: (dice: Dice) => object;
  /** The type and configuration of a route, where it has one. */
  readonly route?: readonly [string, (dice: Dice) => object];
}

const TABLE: Readonly<Record<string, HttpFilter>> = {
  mutation: { type: `${FILTERS}.header_mutation.v3.HeaderMutation`, make: (dice) => ({ ...mutations(dice), ...(dice.chance(0.2) && { most_specific_header_mutations_wins: true }) }), route: ['header_mutation.v3.HeaderMutationPerRoute', mutations] },
  buffer: { type: `${FILTERS}.buffer.v3.Buffer`, make: (dice) => ({ max_request_bytes: dice.pick([1, 4, 100]) }), route: ['buffer.v3.BufferPerRoute', (dice) => (dice.chance(0.5) ? { disabled: true } : { buffer: { max_request_bytes: 3 } })] },
  fault: { type: `${FILTERS}.fault.v3.HTTPFault`, make: fault, route: ['fault.v3.HTTPFault', fault] },
  cors: { type: `${FILTERS}.cors.v3.Cors`, make: () => ({}), route: ['cors.v3.CorsPolicy', cors] },
  rbac: { type: `${FILTERS}.rbac.v3.RBAC`, make: rbac, route: ['rbac.v3.RBACPerRoute', (dice) => (dice.chance(0.5) ? {} : { rbac: rbac(dice) })] },
  limit: { type: `${FILTERS}.local_ratelimit.v3.LocalRateLimit`, make: bucket, route: ['local_ratelimit.v3.LocalRateLimit', bucket] },
  state: { type: `${FILTERS}.set_filter_state.v3.Config`, make: state },
  metadata: { type: `${FILTERS}.set_metadata.v3.Config`, make: () => ({ metadata: [{ metadata_namespace: 'ns', value: { key: { deep: 'dynamic' }, n: 1 } }] }) },
  health: { type: `${FILTERS}.health_check.v3.HealthCheck`, make: (dice) => ({ pass_through_mode: dice.chance(0.4), headers: [headerMatch(dice)] }) },
  grpc_stats: { type: `${FILTERS}.grpc_stats.v3.FilterConfig`, make: (dice) => ({ stats_for_all_methods: dice.chance(0.5), emit_filter_state: dice.chance(0.5) }) },
  grpc_web: { type: `${FILTERS}.grpc_web.v3.GrpcWeb`, make: () => ({}) },
};

export const FILTER_NAMES: readonly string[] = Object.keys(TABLE);

export const httpFilter = (dice: Dice, name: string): object => {
  const { type, make } = TABLE[name];
  return { name, ...(dice.chance(0.08) && { disabled: true }), typed_config: typed(type, make(dice)) };
};

export const httpFilterOfRoute = (dice: Dice, name: string): object => {
  const { route } = TABLE[name];
  const disabled = dice.chance(0.3) || route === undefined;
  if (disabled) return typed('envoy.config.route.v3.FilterConfig', { disabled: true });
  const config = typed(`${FILTERS}.${route[0]}`, route[1](dice));
  return dice.chance(0.15) ? typed('envoy.config.route.v3.FilterConfig', { config }) : config;
};
