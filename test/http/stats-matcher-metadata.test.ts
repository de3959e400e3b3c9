import { expect, it } from 'vitest';
import { ConfigurationError } from '../../src/server/configuration-error.ts';
import { Proxy } from '../../src/server/proxy.ts';
import { bootstrap, cluster, listener } from '../integration/bootstraps.ts';

const metadata = { typed_filter_metadata: { 'envoy.stats_matcher': { '@type': 'type.googleapis.com/envoy.config.metrics.v3.StatsMatcher', reject_all: true } } };

function pathsRefused(config: object): string[] {
  try {
    Proxy.validate({ given: { name: 'config', content: JSON.stringify(config), format: 'json' } });
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems.map(({ path, message }) => `${path}: ${message.replace(/ \(.*/, '')}`);
    throw error;
  }
  return [];
}

it('listeners and clusters that leave out statistics of their own are refused', () => {
  const plain = bootstrap([listener({ name: 'ingress', routes: [{ body: 'x' }] })], [cluster('origin', 1)]);
  expect(pathsRefused(plain)).toEqual([]);
  const own = bootstrap([{ ...listener({ name: 'ingress', routes: [{ body: 'x' }] }), metadata }], [{ ...cluster('origin', 1), metadata }]);
  expect(pathsRefused(own).sort()).toEqual([
    'static_resources.clusters[0].metadata.typed_filter_metadata["envoy.stats_matcher"]: not supported: envoy.stats_matcher',
    'static_resources.listeners[0].metadata.typed_filter_metadata["envoy.stats_matcher"]: not supported: envoy.stats_matcher',
  ]);
});
