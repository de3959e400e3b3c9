import { describe, expect, it } from 'vitest';
import type { StatGroup, StatSchema, StatStore } from '../../../src/core/stats/stats.ts';
import type { ForwardRoute } from '../../../src/http/route/route.ts';
import { compileJson, find, request, streamInfo, type RequestShape, type RouteConfigurationJson } from './route-fixture.ts';

const HITS = { name: 'hits', headers: [{ name: ':path', stringMatch: { prefix: '/hit' } }] };
const GETS = { name: 'gets', headers: [...HITS.headers, { name: ':method', stringMatch: { exact: 'GET' } }] };

describe('a forwarded request', () => {
  it('counts for its route and for the first virtual cluster that it matches', () => {
    const { count, counts } = table({ statPrefix: 'mine' }, [GETS, HITS]);
    count('/hit', (to) => to.onSent());
    count({ path: '/hit', method: 'POST' }, (to) => to.onSent());
    expect(counts).toEqual({
      'vhost.v:1.route.mine.upstream_rq_total': 2,
      'vhost.v:1.vcluster.gets.upstream_rq_total': 1,
      'vhost.v:1.vcluster.hits.upstream_rq_total': 1,
    });
  });

  it('counts as other when it matches no virtual cluster', () => {
    const { count, counts } = table({}, [HITS]);
    count('/', (to) => to.onTimeout());
    expect(counts).toEqual({ 'vhost.v:1.vcluster.other.upstream_rq_timeout': 1 });
  });

  it('counts responses by status, class and in whole', () => {
    const { count, counts } = table({ statPrefix: 'mine' }, []);
    for (const status of [200, 204, 503, 600]) count('/', (to) => to.onResponse(status));
    count('/', (to) => to.onResponseTime(5));
    count('/', (to) => to.onRetry('overflow'));
    expect(counts).toEqual({
      'vhost.v:1.route.mine.upstream_rq_200': 1,
      'vhost.v:1.route.mine.upstream_rq_204': 1,
      'vhost.v:1.route.mine.upstream_rq_2xx': 2,
      'vhost.v:1.route.mine.upstream_rq_503': 1,
      'vhost.v:1.route.mine.upstream_rq_5xx': 1,
      'vhost.v:1.route.mine.upstream_rq_unknown': 1,
      'vhost.v:1.route.mine.upstream_rq_completed': 4,
      'vhost.v:1.route.mine.upstream_rq_time': 5,
      'vhost.v:1.route.mine.upstream_rq_retry_overflow': 1,
    });
  });

  it('counts nothing where the configuration asks for nothing', () => {
    const { compiled } = table({}, []);
    const route = find(compiled.table, '/') as ForwardRoute;
    expect(route.requestCounts(request('/'), streamInfo())).toBeUndefined();
  });

  it('is named after its virtual cluster, unless that is other', () => {
    const { compiled } = table({ statPrefix: 'mine' }, [HITS]);
    const route = find(compiled.table, '/') as ForwardRoute;
    const info = streamInfo();
    route.requestCounts(request('/hit'), info);
    expect(info.virtualClusterName).toBe('hits');
    route.requestCounts(request('/'), info);
    expect(info.virtualClusterName).toBe('');
  });
});

it('a virtual cluster needs headers', () => {
  expect(table({}, [{ name: 'hits' }]).compiled.errors).toEqual(["virtual_hosts[0].virtual_clusters[0].headers: virtual clusters must define 'headers'"]);
});

function table(route: RouteConfigurationJson, virtualClusters: RouteConfigurationJson[]) {
  const counts: Record<string, number> = {};
  const add = (name: string, amount: number): void => {
    counts[name] = (counts[name] ?? 0) + amount;
  };
  const group = (prefix: string, schema: StatSchema) =>
    ({
      prefix,
      inc: (id: number) => add(`${prefix}.${schema.counters[id]}`, 1),
      counter: (name: string) => ({ inc: () => add(`${prefix}.${name}`, 1) }),
      histogram: (name: string) => ({ record: (value: number) => add(`${prefix}.${name}`, value) }),
    }) as unknown as StatGroup;
  const routes = [{ match: { prefix: '/' }, route: { cluster: 'a' }, ...route }];
  const compiled = compileJson({ name: 'rc', virtualHosts: [{ name: 'v:1', domains: ['*'], routes, virtualClusters }] }, { stats: { group } as unknown as StatStore });
  const count = (shape: RequestShape | string, happen: (to: NonNullable<ReturnType<ForwardRoute['requestCounts']>>) => void): void => {
    happen((find(compiled.table, shape) as ForwardRoute).requestCounts(request(shape), streamInfo())!);
  };
  return { compiled, counts, count };
}
