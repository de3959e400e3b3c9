import { toJson, type Message } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { apiTypes, schemaOf } from '../../src/api/registry.ts';
import { loadContent } from '../../src/config/loader.ts';
import { SourceText } from '../../src/config/source.ts';
import { parseTextFormat } from '../../src/config/text-format.ts';
import { MAX_DEPTH } from '../../src/config/tree.ts';
import { formatProblem } from '../../src/core/problems.ts';

const CLUSTER = schemaOf('envoy.config.cluster.v3.Cluster');

function load(text: string) {
  return loadContent(CLUSTER, { name: 'f', content: `name: "a" ${text}`, format: 'pb_text' });
}

function valueOf(text: string): unknown {
  const { message, problems } = load(text);
  expect(problems.errors.map(formatProblem)).toEqual([]);
  const { name, ...rest } = toJson(CLUSTER, message as Message as never, { registry: apiTypes }) as Record<string, unknown>;
  expect(name).toBe('a');
  return rest;
}

const faultOf = (text: string): string => load(text).problems.errors.map(formatProblem).join();

describe('the text format', () => {
  test.each<[string, string, unknown]>([
    ['scalars', 'alt_stat_name: "b" respect_dns_ttl: true', { altStatName: 'b', respectDnsTtl: true }],
    ['separators and comments', 'alt_stat_name: "b"; # c\nrespect_dns_ttl: t,', { altStatName: 'b', respectDnsTtl: true }],
    ['both kinds of brackets', 'connect_timeout < seconds: 5 > dns_refresh_rate: { nanos: 5000000 }', { connectTimeout: '5s', dnsRefreshRate: '0.005s' }],
    ['wrappers', 'per_connection_buffer_limit_bytes { value: 0x10 } max_requests_per_connection { value: 010 }', { perConnectionBufferLimitBytes: 16, maxRequestsPerConnection: 8 }],
    ['enums by name and number', 'type: EDS lb_policy: 3', { type: 'EDS', lbPolicy: 'RANDOM' }],
    ['repeated messages', 'health_checks { reuse_connection { value: true } health_checker_x: 1 }'.replace(' health_checker_x: 1', ' tcp_health_check {} timeout { seconds: 1 } interval { seconds: 1 } unhealthy_threshold { value: 1 } healthy_threshold { value: 1 }'), { healthChecks: [{ reuseConnection: true, tcpHealthCheck: {}, timeout: '1s', interval: '1s', unhealthyThreshold: 1, healthyThreshold: 1 }] }],
    ['strings in pieces, with escapes', `alt_stat_name: "a\\n" 'b\\"' "\\303\\244\\u00e4\\x41"`, { altStatName: 'a\nb"ääA' }],
    ['floats', 'preconnect_policy { per_upstream_preconnect_ratio { value: 1.5f } predictive_preconnect_ratio { value: 2 } }', { preconnectPolicy: { perUpstreamPreconnectRatio: 1.5, predictivePreconnectRatio: 2 } }],
    ['maps', 'metadata { typed_filter_metadata { key: "k" value { [type.googleapis.com/envoy.config.core.v3.Node] { id: "x" } } } }', { metadata: { typedFilterMetadata: { k: { '@type': 'type.googleapis.com/envoy.config.core.v3.Node', id: 'x' } } } }],
    ['Anys as bytes', 'metadata { typed_filter_metadata { key: "k" value { type_url: "a/envoy.config.core.v3.Node" value: "\\n\\001x" } } }', { metadata: { typedFilterMetadata: { k: { '@type': 'a/envoy.config.core.v3.Node', id: 'x' } } } }],
    ['free-form JSON', 'metadata { filter_metadata { key: "f" value { fields { key: "a" value { list_value { values { number_value: 1.5 } values { null_value: NULL_VALUE } values { struct_value { } } values { bool_value: true } } } } } } }', { metadata: { filterMetadata: { f: { a: [1.5, null, {}, true] } } } }],
  ])('has %s', (_name, text, value) => {
    expect(valueOf(text)).toEqual(value);
  });

  test.each([
    ['alt_stat_nam: "b"', "f:1:11: alt_stat_nam: no such field in envoy.config.cluster.v3.Cluster (did you mean 'alt_stat_name'?)"],
    ['altStatName: "b"', "f:1:11: invalid text protobuf (type envoy.config.cluster.v3.Cluster): no such field: altStatName (did you mean 'alt_stat_name'?)"],
    ['alt_stat_name: 5', "f:1:26: invalid text protobuf (type envoy.config.cluster.v3.Cluster): expected a string, found '5'"],
    ['type: eds', "f:1:17: invalid text protobuf (type envoy.config.cluster.v3.Cluster): no such value: eds (did you mean 'EDS'?)"],
    ['type: EDS type: EDS', "f:1:21: invalid text protobuf (type envoy.config.cluster.v3.Cluster): the field 'type' is not repeated and occurs twice"],
    ['connect_timeout {', 'f:1:28: invalid text protobuf (type envoy.config.cluster.v3.Cluster): expected the name of a field, found the end'],
    ['connect_timeout 5', "f:1:27: invalid text protobuf (type envoy.config.cluster.v3.Cluster): expected ':', found '5'"],
    ['alt_stat_name: "b', 'f:1:26: invalid text protobuf (type envoy.config.cluster.v3.Cluster): a string without end'],
    ['alt_stat_name: "\\q"', 'f:1:27: invalid text protobuf (type envoy.config.cluster.v3.Cluster): unknown escape: \\q'],
    ['per_connection_buffer_limit_bytes { value: 1.0 }', "f:1:54: invalid text protobuf (type envoy.config.cluster.v3.Cluster): expected an integer, found '1.0'"],
    ['per_connection_buffer_limit_bytes { value: 09 }', 'f:1:54: invalid text protobuf (type envoy.config.cluster.v3.Cluster): no octal number: 09'],
    ['metadata { filter_metadata { key: "f" value { a: 1 } } }', 'f:1:57: invalid text protobuf (type envoy.config.cluster.v3.Cluster): no such field in google.protobuf.Struct: a'],
    ['respect_dns_ttl: yes', "f:1:28: invalid text protobuf (type envoy.config.cluster.v3.Cluster): expected true or false, found 'yes'"],
  ])('refuses %s and says where', (text, fault) => {
    expect(faultOf(text)).toBe(fault);
  });

  test('nests no deeper than the limit', () => {
    expect(faultOf('load_assignment {'.repeat(100_000))).toContain(`nested more than ${MAX_DEPTH} levels deep`);
    expect(faultOf('x <'.repeat(100_000))).toContain('nested');
  });

  test('of any kind is read or refused, never thrown over', () => {
    const parts = ['name', ': ', '{ ', '} ', '< ', '> ', '[', ']', ', ', '"a" ', "'", '5', '-', '# x\n', 'metadata ', 'filter_metadata ', 'key', 'value', 'fields', '\\', '[a/b.C] ', 'type_url'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 30 }), (text) => {
        const { root, errors } = parseTextFormat(new SourceText('f', text.join('')), CLUSTER);
        return (root === undefined) === (errors.length === 1);
      }),
      { numRuns: 5_000 },
    );
  });
});
