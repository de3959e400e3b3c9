/** Route configurations: virtual hosts, routes, actions and what each level changes in heads. */

import type { Dice } from './dice.ts';
import { httpFilterOfRoute } from './filters.ts';
import { formatted } from './formats.ts';
import { headerMatch, plainPath, routeMatch } from './matchers.ts';
import { CLUSTERS, DOMAINS, NAMES } from './words.ts';

const APPEND_ACTIONS = ['APPEND_IF_EXISTS_OR_ADD', 'ADD_IF_ABSENT', 'OVERWRITE_IF_EXISTS_OR_ADD', 'OVERWRITE_IF_EXISTS'] as const;
const ADDED = ['x-a', 'X-B', 'x-added', 'user-agent', 'content-type', 'x-forwarded-for', 'x-request-id', 'server', 'set-cookie', 'location', 'te', 'x-t'] as const;
const REGEX_REWRITES = [
  { pattern: { regex: '/(a|b)' }, substitution: '/[\\1]' },
  { pattern: { regex: '/api/v(\\d+)' }, substitution: '/\\1/\\0' },
  { pattern: { regex: 'a' }, substitution: 'bb' },
  { pattern: { regex: '^.*$' }, substitution: '/all' },
  { pattern: { regex: '/$' }, substitution: '' },
  { pattern: { regex: '(?i)api' }, substitution: 'x' },
] as const;

export const headerOption = (dice: Dice): object => ({
  header: { key: dice.pick(ADDED), value: dice.chance(0.1) ? '' : formatted(dice) },
  ...(dice.chance(0.6) && { append_action: dice.pick(APPEND_ACTIONS) }),
  ...(dice.chance(0.2) && { keep_empty_value: true }),
});

/** The four lists that every level has. */
const headerChanges = (dice: Dice): object =>
  dice.some(0.15, {
    request_headers_to_add: () => dice.list(1, 2, () => headerOption(dice)),
    request_headers_to_remove: () => dice.list(1, 2, () => dice.pick(NAMES)),
    response_headers_to_add: () => dice.list(1, 2, () => headerOption(dice)),
    response_headers_to_remove: () => dice.list(1, 2, () => dice.pick(['server', 'x-up', 'date', 'content-type', 'set-cookie', 'x-envoy-upstream-service-time'])),
  });

const weighted = (dice: Dice): object => {
  const chosen = dice.below(2);
  const clusters = dice.list(2, 2, (index) => ({
    name: dice.pick(CLUSTERS),
    weight: index === chosen ? 7 : 0,
    ...headerChanges(dice),
    ...(dice.chance(0.2) && { host_rewrite_literal: 'weighted.org' }),
  }));
  return { weighted_clusters: { clusters } };
};

const clusterOf = (dice: Dice): object =>
  dice.make<object>([
    () => ({ cluster: 'origin' }),
    () => ({ cluster: 'origin' }),
    () => ({ cluster: dice.pick(CLUSTERS) }),
    () => ({ cluster: dice.pick(CLUSTERS) }),
    () => ({ cluster_header: dice.pick(['x-a', ':authority']) }),
    () => weighted(dice),
  ]);

const hostRewrite = (dice: Dice): object =>
  dice.make<object>([
    () => ({ host_rewrite_literal: dice.pick(['inner.org', 'Inner.org:81']) }),
    () => ({ host_rewrite_header: dice.pick(['x-a', 'x-none']) }),
    () => ({ host_rewrite_path_regex: { pattern: { regex: dice.pick(['^/(.+)/.+$', 'a', '.*']) }, substitution: dice.pick(['\\1', 'x\\0', 'h']) } }),
    () => ({ auto_host_rewrite: true }),
    () => ({ host_rewrite: dice.pick(['h.org', '%REQ(x-a)%', '%PATH(NQ)%']) }),
  ]);

const pathRewrite = (dice: Dice): object =>
  dice.make<object>([() => ({ prefix_rewrite: plainPath(dice) }), () => ({ prefix_rewrite: plainPath(dice) }), () => ({ regex_rewrite: dice.pick(REGEX_REWRITES) }), () => ({ path_rewrite: dice.pick(['/fixed', '/f%PATH(NQ)%', '/f?%REQ(x-b)%']) })]);

const forward = (dice: Dice): object => ({
  route: {
    ...clusterOf(dice),
    ...(dice.chance(0.25) && pathRewrite(dice)),
    ...(dice.chance(0.2) && hostRewrite(dice)),
    ...dice.some(0.07, {
      append_x_forwarded_host: () => true,
      timeout: () => dice.pick(['0s', '0.06s', '15s']),
      idle_timeout: () => dice.pick(['0s', '0.06s']),
      cluster_not_found_response_code: () => dice.pick(['NOT_FOUND', 'INTERNAL_SERVER_ERROR', 'SERVICE_UNAVAILABLE']),
      priority: () => 'HIGH',
      max_stream_duration: () => dice.pick([{ max_stream_duration: '0.07s' }, { grpc_timeout_header_max: '0.05s' }, { max_stream_duration: '0s' }]),
      upgrade_configs: () => [{ upgrade_type: dice.pick(['websocket', 'other']), enabled: dice.chance(0.5) }],
    }),
  },
});

const redirect = (dice: Dice): object => ({
  redirect: {
    ...(dice.chance(0.3) && dice.make<object>([() => ({ https_redirect: true }), () => ({ https_redirect: false }), () => ({ scheme_redirect: 'ftp' })])),
    ...(dice.chance(0.4) && { host_redirect: dice.pick(['new.org', 'new.org:99']) }),
    ...(dice.chance(0.3) && { port_redirect: dice.pick([80, 443, 8443]) }),
    ...(dice.chance(0.6) && dice.make<object>([() => ({ path_redirect: dice.pick(['/new', '/new?x=y', '']) }), () => ({ prefix_rewrite: plainPath(dice) }), () => ({ regex_rewrite: dice.pick(REGEX_REWRITES) })])),
    ...(dice.chance(0.4) && { response_code: dice.pick(['MOVED_PERMANENTLY', 'FOUND', 'SEE_OTHER', 'TEMPORARY_REDIRECT', 'PERMANENT_REDIRECT']) }),
    ...(dice.chance(0.25) && { strip_query: true }),
  },
});

const directResponse = (dice: Dice): object => {
  const status = dice.pick([200, 201, 400, 404, 503, 599]);
  const body = dice.chance(0.6) && { body: { inline_string: dice.pick(['direct', 'two\nlines\n', '{"a":1}']) } };
  const format = body !== false && dice.chance(0.3) && { body_format: { text_format_source: { inline_string: `<${formatted(dice)}|%LOCAL_REPLY_BODY%>` } } };
  return { direct_response: { status, ...body, ...format } };
};

const route = (dice: Dice, filters: readonly string[]): object => ({
  ...(dice.chance(0.5) && { name: dice.pick(['r1', 'r2', 'route with space']) }),
  match: routeMatch(dice),
  ...dice.make([() => forward(dice), () => forward(dice), () => forward(dice), () => forward(dice), () => redirect(dice), () => directResponse(dice)]),
  ...headerChanges(dice),
  ...(dice.chance(0.15) && { stat_prefix: dice.pick(['mine', 'a.b']) }),
  ...(dice.chance(0.1) && { metadata: { filter_metadata: { ns: { key: { deep: 'route' } } } } }),
  ...perFilter(dice, filters),
});

/** Configurations of a level for some of the filters that there are. */
const perFilter = (dice: Dice, filters: readonly string[]): object => {
  const configs = filters.filter(() => dice.chance(0.2)).map((name) => [name, httpFilterOfRoute(dice, name)] as const);
  return configs.length === 0 ? {} : { typed_per_filter_config: Object.fromEntries(configs) };
};

const virtualHost = (dice: Dice, index: number, domains: readonly string[], filters: readonly string[]): object => ({
  name: `host-${index}`,
  domains,
  routes: [...dice.list(1, 6, () => route(dice, filters)), ...(dice.chance(0.6) ? [{ match: { prefix: '/' }, route: { cluster: 'origin' } }] : [])],
  ...headerChanges(dice),
  ...dice.some(0.08, {
    require_tls: () => dice.pick(['NONE', 'ALL', 'EXTERNAL_ONLY']),
    virtual_clusters: () => dice.list(1, 2, (at) => ({ name: `vc-${at}`, headers: [headerMatch(dice)] })),
    include_request_attempt_count: () => true,
    include_attempt_count_in_response: () => true,
    metadata: () => ({ filter_metadata: { ns: { key: 'host' } } }),
  }),
  ...perFilter(dice, filters),
});

/** Every domain once, because a second virtual host must not have it. */
const virtualHosts = (dice: Dice, filters: readonly string[]): object[] => {
  const shuffled = [...DOMAINS].sort(() => dice.unit() - 0.5).slice(0, dice.below(5));
  const some = shuffled.map((domain, index) => virtualHost(dice, index, [domain], filters));
  return dice.chance(0.85) ? [...some, virtualHost(dice, some.length, ['*'], filters)] : some;
};

export const routeConfig = (dice: Dice, filters: readonly string[]): object => ({
  name: 'local',
  validate_clusters: false,
  virtual_hosts: virtualHosts(dice, filters),
  ...headerChanges(dice),
  ...dice.some(0.07, {
    internal_only_headers: () => [dice.pick(NAMES)],
    most_specific_header_mutations_wins: () => true,
    ignore_port_in_host_matching: () => true,
    ignore_path_parameters_in_path_matching: () => true,
    vhost_header: () => dice.pick(['x-a', 'x-forwarded-host']),
  }),
  ...perFilter(dice, filters),
});
