import { expect, test } from 'vitest';
import type { ConfigurationError } from '../../src/server/configuration-error.ts';
import { Proxy } from '../../src/server/proxy.ts';

interface Group {
  readonly priority?: number;
  readonly locality?: { readonly zone: string };
}

/** What is wrong with a cluster `here` of these groups of endpoints, as the local one. */
function problemsOf(name: string, groups: readonly Group[], cluster: object = {}): readonly string[] {
  const here = { name: 'here', type: 'STATIC', load_assignment: { cluster_name: 'here', endpoints: groups }, ...cluster };
  try {
    Proxy.validate({ yaml: JSON.stringify({ cluster_manager: { local_cluster_name: name }, static_resources: { clusters: [here] } }) });
    return [];
  } catch (error) {
    return (error as ConfigurationError).problems.map(({ message }) => message);
  }
}

test('a local cluster is one that is defined', () => {
  expect(problemsOf('here', [{}])).toEqual([]);
  expect(problemsOf('there', [{}])).toEqual(["local cluster 'there' must be defined"]);
});

test('a local cluster has hosts of one priority', () => {
  expect(problemsOf('here', [{}, { priority: 1 }])).toEqual(["Unexpected non-zero priority for local cluster 'here'."]);
});

test('hosts in several zones beside a local cluster are refused, unless localities have weights', () => {
  const zones = [{ locality: { zone: 'a' } }, { locality: { zone: 'b' } }];
  expect(problemsOf('here', zones)).toEqual([expect.stringContaining('not supported: several localities beside cluster_manager.local_cluster_name')]);
  expect(problemsOf('here', zones, { common_lb_config: { locality_weighted_lb_config: {} } })).toEqual([]);
  expect(problemsOf('', zones)).toEqual([]);
});
