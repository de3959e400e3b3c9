import { describe, expect, it } from 'vitest';
import { MAX_ALTERNATIVE_STAT_NAMES } from '../../src/cluster/request-stats.ts';
import { staticYaml } from './compile-yaml.ts';
import { World } from './world.ts';

describe('request statistics', () => {
  it('count a response by code and class, inside and outside', () => {
    const world = new World();
    const { requestStats } = world.serve(staticYaml('web', []));
    requestStats.onResponse(503, true, false, '');
    expect(world.used('cluster.web.')).toEqual({
      'internal.upstream_rq_503': 1,
      'internal.upstream_rq_5xx': 1,
      'internal.upstream_rq_completed': 1,
      upstream_rq_503: 1,
      upstream_rq_5xx: 1,
      upstream_rq_completed: 1,
    });
  });

  it('count a second time under the name that an internal caller gave', () => {
    const world = new World();
    const { requestStats } = world.serve(staticYaml('web', []));
    requestStats.onResponse(200, true, true, 'a:b');
    requestStats.onResponseTime(1, true, true, 'a:b');
    expect(world.used('cluster.web.')).toMatchObject({ 'a_b.upstream_rq_200': 1, 'a_b.internal.upstream_rq_2xx': 1, 'a_b.canary.upstream_rq_completed': 1, upstream_rq_200: 1 });
  });

  it('count under so many such names at most', () => {
    const world = new World();
    const { requestStats } = world.serve(staticYaml('web', []));
    for (let i = 0; i <= MAX_ALTERNATIVE_STAT_NAMES; i++) requestStats.onResponse(200, true, false, `alt-${i}`);
    expect(world.stat(`cluster.web.alt-${MAX_ALTERNATIVE_STAT_NAMES - 1}.upstream_rq_200`)).toBe(1);
    expect(world.stat(`cluster.web.alt-${MAX_ALTERNATIVE_STAT_NAMES}.upstream_rq_200`)).toBeUndefined();
    expect(world.stat('cluster.web.upstream_rq_200')).toBe(MAX_ALTERNATIVE_STAT_NAMES + 1);
  });

  it('count canaries and retried responses under names of their own', () => {
    const world = new World();
    const { requestStats } = world.serve(staticYaml('web', []));
    requestStats.onResponse(200, false, true, '');
    requestStats.onResponseTime(1, false, true, '');
    requestStats.onRetriedResponse(502);
    expect(world.used('cluster.web.')).toMatchObject({
      'canary.upstream_rq_200': 1,
      'canary.upstream_rq_completed': 1,
      'retry.upstream_rq_502': 1,
      'retry.upstream_rq_5xx': 1,
      'retry.upstream_rq_completed': 1,
      upstream_rq_completed: 1,
    });
    expect(world.stat('cluster.web.upstream_rq_502')).toBeUndefined();
  });

  it('count between zones where both are known', () => {
    const world = new World({ localZone: 'here:1' });
    const { requestStats } = world.serve(staticYaml('web', []));
    requestStats.onResponse(200, false, false, 'alt', false, 'there');
    requestStats.onResponseTime(1, false, false, '', 'there');
    requestStats.onResponse(503, false, false, '', false, '');
    expect(world.used('cluster.web.zone.')).toEqual({ 'here_1.there.upstream_rq_200': 1, 'here_1.there.upstream_rq_2xx': 1, 'here_1.there.upstream_rq_completed': 1 });
    expect(world.stat('cluster.web.alt.zone.here_1.there.upstream_rq_200')).toBe(1);
    const elsewhere = new World();
    elsewhere.serve(staticYaml('web', [])).requestStats.onResponse(200, false, false, '', false, 'there');
    expect(elsewhere.used('cluster.web.zone.')).toEqual({});
  });

  it('record how long an upstream took, not what was answered here', () => {
    const world = new World();
    const { requestStats } = world.serve(staticYaml('web', []));
    requestStats.onResponse(200, false, false, '');
    requestStats.onResponseTime(12, false, false, '');
    requestStats.onResponse(503, false, false, '');
    const recorded = [...world.scrape.groups()].flatMap((group) => group.schema.histograms).filter((name) => name.endsWith('upstream_rq_time'));
    expect(recorded.sort()).toEqual(['external.upstream_rq_time', 'upstream_rq_time']);
  });

  it('count the ends of attempts', () => {
    const world = new World();
    const { requestStats } = world.serve(staticYaml('web', []));
    requestStats.onTimeout();
    requestStats.onPerTryTimeout();
    requestStats.onMaintenanceMode();
    (['started', 'success', 'overflow', 'limit-exceeded'] as const).forEach((kind) => requestStats.onRetry(kind));
    expect(world.used('cluster.web.')).toEqual({
      upstream_rq_maintenance_mode: 1,
      upstream_rq_per_try_timeout: 1,
      upstream_rq_retry: 1,
      upstream_rq_retry_limit_exceeded: 1,
      upstream_rq_retry_overflow: 1,
      upstream_rq_retry_success: 1,
      upstream_rq_timeout: 1,
    });
  });

  it('count how often either side had to wait', () => {
    const world = new World();
    const { requestStats } = world.serve(staticYaml('web', []));
    (['backed-up', 'drained', 'paused-reading', 'resumed-reading'] as const).forEach((kind) => requestStats.onFlowControl(kind));
    expect(world.used('cluster.web.upstream_flow_control_')).toEqual({
      backed_up_total: 1,
      drained_total: 1,
      paused_reading_total: 1,
      resumed_reading_total: 1,
    });
  });
});
