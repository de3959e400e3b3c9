import { describe, expect, test } from 'vitest';
import { supportFaults } from '../../../src/config/support.ts';
import { routeSupport } from '../../../src/http/route/support.ts';
import { answer, compileJson, compileTable, errorsOf, type RouteConfigurationJson } from './route-fixture.ts';

const ROUTE = 'virtual_hosts[0].routes[0]';
const host = (name: string, ...domains: string[]): RouteConfigurationJson => ({ name, domains, routes: [] });

describe('domains', () => {
  test.each([
    [['a.com'], ['A.com'], 'Only unique values for domains are permitted. Duplicate entry of domain a.com in route rc'],
    [['*.a'], ['*.a'], 'Only unique values for domains are permitted. Duplicate entry of domain *.a in route rc'],
    [['a.*'], ['a.*'], 'Only unique values for domains are permitted. Duplicate entry of domain a.* in route rc'],
    [['*'], ['*'], 'Only a single wildcard domain is permitted in route rc'],
  ])('%j and %j cannot both be', (first, second, error) => {
    const { errors } = compileJson({ name: 'rc', virtualHosts: [host('a', ...first), host('b', 'c', ...second)] });
    expect(errors).toEqual([`virtual_hosts[1].domains[1]: ${error}`]);
  });
});

describe('clusters', () => {
  const routes: RouteConfigurationJson[] = [
    { match: { prefix: '/' }, route: { cluster: 'a' } },
    { match: { prefix: '/' }, route: { weightedClusters: { clusters: [{ name: 'b', weight: 1 }, { clusterHeader: 'x', weight: 1 }] } } },
    { match: { prefix: '/' }, route: { clusterHeader: 'x' } },
  ];
  const needed = (more: RouteConfigurationJson, validateClusters: boolean): boolean[] =>
    compileJson({ name: 'rc', virtualHosts: [{ name: 'a', domains: ['*'], routes }], ...more }, { validateClusters }).clusters.map(({ mustExist }) => mustExist);

  test('that routes name are asked for', () => {
    expect(compileJson({ name: 'rc', virtualHosts: [{ name: 'a', domains: ['*'], routes }] }).clusters).toEqual([
      { name: 'a', at: `${ROUTE}.route.cluster`, mustExist: true },
      { name: 'b', at: 'virtual_hosts[0].routes[1].route.weighted_clusters.clusters[0].name', mustExist: true },
    ]);
  });

  test('must exist if validate_clusters says so, else as is usual for the source of the routes', () => {
    expect(needed({}, true)).toEqual([true, true]);
    expect(needed({}, false)).toEqual([false, false]);
    expect(needed({ validateClusters: false }, true)).toEqual([false, false]);
    expect(needed({ validateClusters: true }, false)).toEqual([true, true]);
  });
});

const forward = (route: RouteConfigurationJson): RouteConfigurationJson => ({ match: { prefix: '/' }, route: { cluster: 'a', ...route } });
const regex = (pattern: string) => ({ pattern: { regex: pattern }, substitution: 'x' });

test.each([
  [forward({ prefixRewrite: '/a', regexRewrite: regex('a') }), 'route: Specify only one of prefix_rewrite, regex_rewrite or path_rewrite_policy'],
  [forward({ prefixRewrite: '/a', pathRewrite: '/b' }), 'route: Specify only one of prefix_rewrite, regex_rewrite or path_rewrite_policy'],
  [forward({ regexRewrite: regex('(') }), 'route.regex_rewrite.pattern.regex: missing ): ('],
  [forward({ hostRewritePathRegex: regex('(') }), 'route.host_rewrite_path_regex.pattern.regex: missing ): ('],
  [forward({ timeout: '-1s' }), 'route.timeout: Invalid duration: Expected positive duration'],
  [forward({ idleTimeout: '-1s' }), 'route.idle_timeout: Invalid duration: Expected positive duration'],
  [forward({ upgradeConfigs: [{ upgradeType: 'websocket' }, { upgradeType: 'WebSocket' }] }), 'route.upgrade_configs[1]: Duplicate upgrade WebSocket'],
  [forward({ upgradeConfigs: [{ upgradeType: 'websocket', connectConfig: {} }] }), 'route.upgrade_configs[0].connect_config: Non-CONNECT upgrade type websocket has ConnectConfig'],
  [{ match: { prefix: '/' }, route: { clusterSpecifierPlugin: 'x' } }, 'route: cluster specifier plugins are not supported'],
  [{ match: { prefix: '/' }, redirect: { regexRewrite: regex('(') } }, 'redirect.regex_rewrite.pattern.regex: missing ): ('],
  [{ match: { prefix: '/' }, nonForwardingAction: {} }, ' non_forwarding_action is for gRPC servers'],
  [answer({ safeRegex: { regex: '[' } }), 'match.safe_regex.regex: missing ]: ['],
  [answer({ pathMatchPolicy: { name: 'x' } }), 'match.path_match_policy: path templates are not supported'],
  [answer({ prefix: '/', headers: [{ name: 'a', safeRegexMatch: { regex: '(' } }] }), 'match.headers[0].safe_regex_match.regex: missing ): ('],
] as [RouteConfigurationJson, string][])('%j is refused', (route, error) => {
  const [place] = error.split(' ', 1);
  const where = place === '' ? `${ROUTE}: ${error.slice(1)}` : `${ROUTE}.${error}`;
  expect(errorsOf(route)).toEqual([where]);
});

test('every problem of a configuration is reported', () => {
  const { errors } = compileJson({
    name: 'rc',
    requestHeadersToRemove: ['host'],
    virtualHosts: [
      { name: 'a', domains: ['*'], routes: [answer({ safeRegex: { regex: '(' } }, { responseHeadersToAdd: [{ header: { key: ':status', value: '1' } }] })] },
      { name: 'b', domains: ['*'], routes: [forward({ regexRewrite: regex(')') })] },
    ],
  });
  expect(errors).toHaveLength(5);
});

test('internal_only_headers are names in lower case', () => {
  expect(compileTable({ name: 'rc', internalOnlyHeaders: ['X-Internal'] }).internalOnlyHeaders).toEqual(['x-internal']);
});

test('the support table names what the API has', () => {
  expect(supportFaults(routeSupport)).toEqual([]);
});
