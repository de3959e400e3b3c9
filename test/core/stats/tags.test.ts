import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PrometheusRenderer } from '../../../src/core/stats/render-prometheus.ts';
import { EVERYTHING } from '../../../src/core/stats/snapshot.ts';
import { compileTagExtractor, TagExtractor, type TagSpecifier } from '../../../src/core/stats/tags.ts';
import { recordedSnapshot } from './recorded-snapshot.ts';

interface Recorded {
  readonly stats: string;
  readonly prometheus: string;
}

const recorded = JSON.parse(readFileSync(new URL('fixtures/envoy-tags.json', import.meta.url), 'utf8')) as Record<'default' | 'custom' | 'istio', Recorded>;

const CUSTOM: readonly TagSpecifier[] = [
  { tagName: 'la', regex: '^listener\\.(([[:alnum:]_]+)(?=\\.ssl)\\.)' },
  { tagName: 'envoy.response_code', regex: '(_rq_(\\d+))' },
  { tagName: 'fix.ed', fixedValue: 'v"1' },
  { tagName: 'single', regex: '^dns_filter\\.(pre)' },
  { tagName: 'nogroup', regex: '^udp\\.pre' },
  { tagName: 'emptygroup', regex: '^thrift\\.()pre' },
  { tagName: 'optional', regex: '^redis\\.((zzz)?)pre' },
  { tagName: 'opt2', regex: '^redis\\.(pre\\.)(zzz)?' },
  { tagName: 'any', regex: '((pre)\\.)' },
  { tagName: 'envoy.cluster_name', regex: '^cluster\\.((.*?)\\.)rbac' },
];

const ISTIO: readonly TagSpecifier[] = [
  { tagName: 'cluster_name', regex: '^cluster\\.((.+?(\\..+?\\.svc\\.cluster\\.local)?)\\.)' },
  { tagName: 'tcp_prefix', regex: '^tcp\\.((.*?)\\.)\\w+?$' },
  { tagName: 'response_code', regex: '(response_code=\\.=(.+?);\\.;)|_rq(_(\\.d{3}))$' },
  { tagName: 'response_code_class', regex: '_rq(_(\\dxx))$' },
  { tagName: 'http_conn_manager_listener_prefix', regex: '^listener(?=\\.).*?\\.http\\.(((?:[_.[:digit:]]*|[_\\[\\]aAbBcCdDeEfF[:digit:]]*))\\.)' },
  { tagName: 'http_conn_manager_prefix', regex: '^http\\.(((?:[_.[:digit:]]*|[_\\[\\]aAbBcCdDeEfF[:digit:]]*))\\.)' },
  { tagName: 'listener_address', regex: '^listener\\.(((?:[_.[:digit:]]*|[_\\[\\]aAbBcCdDeEfF[:digit:]]*))\\.)' },
  { tagName: 'mongo_prefix', regex: '^mongo\\.(.+?)\\.(collection|cmd|cx_|op_|delays_|decoding_)(.*?)$' },
  { tagName: 'reporter', regex: '(reporter=\\.=(.*?);\\.;)' },
  { tagName: 'source_workload', regex: '(source_workload=\\.=(.*?);\\.;)' },
  { tagName: 'cache', regex: '(cache\\.(.+?)\\.)' },
  { tagName: 'component', regex: '(component\\.(.+?)\\.)' },
  { tagName: 'tag', regex: '(tag\\.(.+?);\\.)' },
];

function compiled(specifiers: readonly TagSpecifier[], useDefaults = true): TagExtractor {
  const extractor = compileTagExtractor({ useDefaults, fixed: [], specifiers });
  if (!(extractor instanceof TagExtractor)) throw new Error(extractor.error);
  return extractor;
}

function extracted(extractor: TagExtractor, name: string): string {
  const tagged = extractor.extract(name);
  return `${tagged.name} {${tagged.tags.map((tag) => `${tag.name}=${tag.value}`).join(',')}}`;
}

describe('tags are what Envoy extracts', () => {
  test.each([
    ['default', new TagExtractor()],
    ['custom', compiled(CUSTOM)],
    ['istio', compiled(ISTIO, false)],
  ] as const)('from recorded names with %s rules', (rules, extractor) => {
    const { stats, prometheus } = recorded[rules];
    expect([...new PrometheusRenderer(extractor).render(recordedSnapshot({ counters: stats }), EVERYTHING)].join('')).toBe(prometheus);
  });

  test.each([
    ['cluster.foo.upstream_rq_503', 'cluster.upstream_rq {envoy.response_code=503,envoy.cluster_name=foo}'],
    ['cluster.foo.upstream_rq_5xx', 'cluster.upstream_rq_xx {envoy.response_code_class=5,envoy.cluster_name=foo}'],
    ['cluster.foo.upstream_rq_1000', 'cluster.upstream_rq_1000 {envoy.cluster_name=foo}'],
    ['http.ingress.downstream_rq_2xx', 'http.downstream_rq_xx {envoy.response_code_class=2,envoy.http_conn_manager_prefix=ingress}'],
    ['listener.0.0.0.0_80.downstream_cx_total', 'listener.downstream_cx_total {envoy.listener_address=0.0.0.0_80}'],
    ['listener.127.0.0.1_80.ssl.ciphers.AES256-SHA', 'listener.ssl.ciphers {envoy.ssl_cipher=AES256-SHA,envoy.listener_address=127.0.0.1_80}'],
    ['cluster.c.ssl.ciphers.AES256-SHA', 'cluster.ssl.ciphers {cipher_suite=AES256-SHA,envoy.cluster_name=c}'],
    ['listener.[__1]_0.ssl.curves.P-256', 'listener.ssl.curves {envoy.ssl_curve=P-256,envoy.listener_address=[__1]_0}'],
    ['cluster.c.ssl.sigalgs.rsa_pss_rsae_sha256', 'cluster.ssl.sigalgs {envoy.ssl_sigalg=rsa_pss_rsae_sha256,envoy.cluster_name=c}'],
    ['cluster.c.ssl.versions.TLSv1.3', 'cluster.ssl.versions {envoy.ssl_version=TLSv1.3,envoy.cluster_name=c}'],
    ['vhost.v.vcluster.c.upstream_rq_200', 'vhost.vcluster.upstream_rq {envoy.response_code=200,envoy.virtual_cluster=c,envoy.virtual_host=v}'],
    ['mongo.m.collection.c.query.multi_get', 'mongo.collection.query.multi_get {envoy.mongo_collection=c,envoy.mongo_prefix=m}'],
    [
      'mongo.m.collection.c.callsite.s.query.scatter_get',
      'mongo.collection.callsite.query.scatter_get {envoy.mongo_callsite=s,envoy.mongo_collection=c,envoy.mongo_prefix=m}',
    ],
    [
      'http.h.dynamodb.table.t.capacity.Query.__partition_id=ABC1234',
      'http.dynamodb.table.capacity {envoy.dynamo_partition_id=ABC1234,envoy.dynamo_operation=Query,envoy.dynamo_table=t,envoy.http_conn_manager_prefix=h}',
    ],
    ['http.h.rds.agg/route_config.1-23.update_success', 'http.rds.update_success {envoy.rds_route_config=agg/route_config.1-23,envoy.http_conn_manager_prefix=h}'],
    [
      'http.h.rbac.pre.policy.pol.shadow_denied',
      'http.rbac.policy.shadow_denied {envoy.rbac_policy_name=pol,envoy.rbac_http_prefix=pre,envoy.http_conn_manager_prefix=h}',
    ],
    ['proxy_proto.pre.versions.v2.error', 'proxy_proto.error {envoy.proxy_protocol_version=2,envoy.proxy_protocol_prefix=pre}'],
    ['server.worker_123.watchdog_miss', 'server.worker_watchdog_miss {envoy.worker_id=123}'],
    ['', ' {}'],
    ['.', '. {}'],
    ['cluster', 'cluster {}'],
    ['cluster.a', 'cluster.a {}'],
  ])('from %s', (name, expected) => {
    expect(extracted(new TagExtractor(), name)).toBe(expected);
  });
});

describe('the tags of a group', () => {
  const words = 'cluster http listener vhost mongo grpc ssl ciphers rbac policy worker_1 vcluster route rds allowed collection query a upstream_rq_200 x_rq_2xx'.split(' ');
  const part = fc.oneof(fc.constantFrom(...words), fc.string({ unit: fc.constantFrom(...'ab_0.'), maxLength: 4 }));

  test.each([
    ['default', new TagExtractor()],
    ['custom', compiled([...CUSTOM, ...ISTIO])],
  ] as const)('are those of each of its names, with %s rules', (_, extractor) => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 7 }), part, (parts, leaf) => {
        const prefix = parts.join('.');
        fc.pre(prefix !== '');
        const group = extractor.group(prefix);
        if (group.isSpecial(leaf)) return;
        expect({ name: group.namePrefix + leaf, tags: group.tags }).toEqual(extractor.extract(`${prefix}.${leaf}`));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('tag specifiers', () => {
  test('without default tags only take the defaults that are named', () => {
    const extractor = compiled([{ tagName: 'envoy.http_conn_manager_prefix' }], false);
    expect(extracted(extractor, 'http.a.downstream_rq_2xx')).toBe('http.downstream_rq_2xx {envoy.http_conn_manager_prefix=a}');
    expect(extracted(extractor, 'listener.x.http.a.downstream_rq_2xx')).toBe('listener.x.http.downstream_rq_2xx {envoy.http_conn_manager_prefix=a}');
    expect(extracted(extractor, 'cluster.a.b')).toBe('cluster.a.b {}');
  });

  test('values end without the dot that their group may hold', () => {
    expect(extracted(compiled([{ tagName: 'a', regex: '^cluster\\.((\\w+\\.))' }], false), 'cluster.x.y')).toBe('cluster.y {a=x}');
  });

  test('fixed tags of the command line come before those of the configuration', () => {
    const extractor = compileTagExtractor({
      useDefaults: false,
      fixed: [{ name: 'zone', value: 'a' }],
      specifiers: [{ tagName: 'zone', fixedValue: 'b' }, { tagName: 'rack', fixedValue: '7' }],
    });
    expect(extracted(extractor as TagExtractor, 'x.y')).toBe('x.y {zone=a,rack=7}');
  });

  test.each([
    [{ tagName: 'b' }, "No regex specified for tag specifier and no default regex for name: 'b'"],
    [{ tagName: '', regex: 'a' }, 'tag_name cannot be empty'],
    [{ tagName: 'x', regex: '(a' }, "Invalid regex '(a': The expression contained mismatched ( and )."],
  ])('%o is refused in the words of Envoy', (specifier, error) => {
    const good = { tagName: 'good', fixedValue: '1' };
    expect(compileTagExtractor({ useDefaults: true, fixed: [], specifiers: [good, specifier] })).toEqual({ index: 1, error });
  });
});
