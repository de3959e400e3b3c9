import { expect, test } from 'vitest';
import { formatProblem } from '../../src/core/problems.ts';
import { loadBootstrap } from '../../src/config/loader.ts';

function problemsOf(yaml: string): string[] {
  return loadBootstrap({ yaml }).problems.errors.map(formatProblem);
}

test('a bootstrap without faults is decoded and has no problems', () => {
  const { message, problems } = loadBootstrap({ yaml: 'node: {id: a, locality: {zone: z}}' });
  expect(problems.errors).toEqual([]);
  expect(message?.node?.locality?.zone).toBe('z');
});

test('every problem of a bootstrap is reported at once, each with its place', () => {
  const yaml = `
static_resources:
  clusters:
  - nam: a
    name: b
    connect_timeout: 5
    load_assignment: {cluster_name: 5}
    type: stattic
    lb_policy: RANDOM
    outlier_detection: {max_ejection_percent: 101}
`;
  expect(problemsOf(yaml)).toEqual([
    "--config-yaml:4:5: static_resources.clusters[0].nam: no such field in envoy.config.cluster.v3.Cluster (did you mean 'name'?)",
    '--config-yaml:6:22: static_resources.clusters[0].connect_timeout: expected a duration such as "1.5s", got 5',
    '--config-yaml:7:37: static_resources.clusters[0].load_assignment.cluster_name: expected a string, got 5; quote it',
    '--config-yaml:8:11: static_resources.clusters[0].type: no such value of envoy.config.cluster.v3.Cluster.DiscoveryType: "stattic" (did you mean \'STATIC\'?)',
    '--config-yaml:10:47: static_resources.clusters[0].outlier_detection.max_ejection_percent: Proto constraint validation failed (OutlierDetectionValidationError.MaxEjectionPercent: value must be less than or equal to 100)',
  ]);
});
