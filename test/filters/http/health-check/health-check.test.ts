import { describe, expect, it } from 'vitest';
import { FilterRig } from '../../../../src/testing/index.ts';

const rigOf = (config: object) =>
  new FilterRig({
    filters: [
      {
        name: 'hc',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.filters.http.health_check.v3.HealthCheck',
          headers: [{ name: ':path', string_match: { exact: '/hc' } }],
          ...config,
        },
      },
    ],
  });

describe('health_check', () => {
  it('answers by the health of clusters', () => {
    const rig = rigOf({ pass_through_mode: false, cluster_min_healthy_percentages: { a: { value: 50 } } });
    expect(rig.send({ path: '/hc' }).response!.status).toBe(200);
    rig.upstreams.memberships.set('a', { total: 3, healthy: 1, degraded: 0 });
    expect(rig.send({ path: '/hc' }).response!.status).toBe(503);
    rig.upstreams.memberships.set('a', { total: 0, healthy: 0, degraded: 0 });
    expect(rig.send({ path: '/hc' }).response!.status).toBe(503);
    expect(rig.stat('http.test.health_check.failed_cluster_empty')).toBe(1);
    expect(rig.stat('http.test.health_check.failed_cluster_unhealthy')).toBe(1);
  });

  it('passes one health check on for each turn of its cache', () => {
    const rig = rigOf({ pass_through_mode: true, cache_time: '10s' });
    rig.send({ path: '/hc' }).upstream!.respond({ status: 503 });
    expect(rig.send({ path: '/hc' }).response!.status).toBe(503);
    expect(rig.upstreams.requests).toHaveLength(1);
    rig.advance(10_000);
    expect(rig.send({ path: '/hc' }).upstream).toBeDefined();
  });

  it('fails when the process was told to', () => {
    const rig = rigOf({ pass_through_mode: true });
    rig.health.failed = true;
    expect(rig.send({ path: '/hc' }).response!.status).toBe(503);
    const other = rig.send({ path: '/' });
    other.upstream!.respond({});
    expect(other.response!.headers['x-envoy-immediate-health-check-fail']).toBe('true');
  });
});
