import { describe, expect, test } from 'vitest';
import { compileTable, errorsOf, fakeRuntime, find, forwardRoute, request, type RequestShape, type RouteConfigurationJson } from './route-fixture.ts';

const clusters = [{ name: 'a', weight: 10 }, { name: 'b', weight: 20 }, { name: 'c', weight: 0 }];

function choose(weightedClusters: RouteConfigurationJson, runtime = fakeRuntime({})) {
  const routes = [{ match: { prefix: '/' }, route: { weightedClusters } }];
  const table = compileTable({ name: 'rc', virtualHosts: [{ name: 'all', domains: ['*'], routes }] }, { runtime });
  return (randomValue: number, shape: RequestShape = {}): string | undefined => {
    const route = find(table, shape, randomValue);
    return route && forwardRoute(route).clusterName(request(shape));
  };
}

test('the random value chooses by cumulated weight', () => {
  const chosen = choose({ clusters });
  expect([0, 9, 10, 29, 30, 39, 40, 2 ** 32 - 1].map((value) => chosen(value))).toEqual(['a', 'a', 'b', 'b', 'a', 'a', 'b', 'b']);
});

test('the same entry is the same route object each time', () => {
  const table = compileTable({ name: 'rc', virtualHosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { weightedClusters: { clusters } } }] }] });
  expect(find(table, '/', 0)).toBe(find(table, '/x', 9));
  expect(find(table, '/', 0)).not.toBe(find(table, '/', 10));
});

describe('header_name', () => {
  const chosen = choose({ clusters, headerName: 'x-r' });
  const byHeader = (...values: string[]): string | undefined => chosen(0, { headers: values.map((value) => ['x-r', value]) });

  test.each([['0', 'a'], ['9', 'a'], ['10', 'b'], ['29', 'b'], ['30', 'a'], ['+12', 'b'], ['18446744073709551615', 'b']])('%s chooses %s', (value, name) => {
    expect(byHeader(value)).toBe(name);
  });

  test('falls back to the random value when it is no number, too large, or there are several', () => {
    for (const value of ['-1', 'x', '1_0', '', '18446744073709551616', '1e1', '0x1']) expect(byHeader(value)).toBe('a');
    expect(byHeader('10', '11')).toBe('a');
    expect(chosen(15)).toBe('b');
  });
});

describe('runtime_key_prefix', () => {
  test('lets the runtime change weights at any time', () => {
    const runtime = fakeRuntime({ 'wc.b': 0 });
    const chosen = choose({ clusters, runtimeKeyPrefix: 'wc' }, runtime);
    expect([0, 9, 10, 29].map((value) => chosen(value))).toEqual(['a', 'a', 'a', 'a']);
    runtime.set('wc.b', 10);
    expect([9, 10, 19, 20].map((value) => chosen(value))).toEqual(['a', 'b', 'b', 'a']);
  });

  test('no weight left means no route', () => {
    const runtime = fakeRuntime({});
    const chosen = choose({ clusters, runtimeKeyPrefix: 'wc' }, runtime);
    runtime.set('wc.a', 0);
    runtime.set('wc.b', 0);
    expect(chosen(0)).toBeUndefined();
  });
});

test('an entry may name its cluster in a header', () => {
  const chosen = choose({ clusters: [{ clusterHeader: 'x-c', weight: 1 }] });
  expect(chosen(0, { headers: [['x-c', 'z']] })).toBe('z');
  expect(chosen(0)).toBe('');
});

test.each([
  [[{ name: 'a', weight: 0 }], ': Sum of weights in the weighted_cluster must be greater than 0.'],
  [[{ name: 'a', weight: 4294967295 }, { name: 'b', weight: 1 }], ': The sum of weights of all weighted clusters of route rr exceeds 4294967295'],
  [[{ name: 'a', clusterHeader: 'x', weight: 1 }], '.clusters[0]: Only one of name or cluster_header can be specified'],
  [[{ weight: 1 }], '.clusters[0]: At least one of name or cluster_header need to be specified'],
  [[{ name: 'a' }, { name: 'b', weight: 1 }], ".clusters[0]: Field 'weight' is missing"],
] as [RouteConfigurationJson[], string][])('%j is refused', (entries, error) => {
  const errors = errorsOf({ name: 'rr', match: { prefix: '/' }, route: { weightedClusters: { clusters: entries } } });
  expect(errors).toEqual([`virtual_hosts[0].routes[0].route.weighted_clusters${error}`]);
});
