import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import type { Cluster } from '../../src/api/generated/envoy/config/cluster/v3.ts';
import type { FieldRules } from '../../src/api/annotations.ts';
import { apiTypes, schemaOf } from '../../src/api/registry.ts';
import { loadContent } from '../../src/config/loader.ts';
import { goDuration, goQuote, valueChecks } from '../../src/config/rule-checks.ts';
import { validateMessage } from '../../src/config/validate.ts';
import { formatProblem, Problems } from '../../src/core/problems.ts';

type TypeName = Parameters<typeof schemaOf>[0];

/** What validation says about a message of the type, written in YAML. */
function violations(typeName: TypeName, yaml: string): string[] {
  return loadContent(schemaOf(typeName), { name: 'f', content: yaml, format: 'yaml' }).problems.errors.map(formatProblem);
}

/** The innermost sentence of each violation of a cluster called a. */
function clusterViolations(yaml: string): string[] {
  return violations('envoy.config.cluster.v3.Cluster', `name: a\n${yaml}`).map((problem) => /validation failed \((.*)\)(?:; set one of .*)?$/.exec(problem)?.[1] ?? problem);
}

const HEALTH_CHECK = 'timeout: 1s, interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1';

// Each sentence was taken from Envoy 1.40.
describe('a violated rule is told in the words of Envoy', () => {
  test.each([
    ['numbers above a bound', 'outlier_detection: {max_ejection_percent: 101}', 'OutlierDetectionValidationError.MaxEjectionPercent: value must be less than or equal to 100'],
    ['numbers outside a range', 'preconnect_policy: {per_upstream_preconnect_ratio: 0.5}', 'PreconnectPolicyValidationError.PerUpstreamPreconnectRatio: value must be inside range [1, 3]'],
    ['64-bit numbers', 'ring_hash_lb_config: {minimum_ring_size: 99999999}', 'RingHashLbConfigValidationError.MinimumRingSize: value must be less than or equal to 8388608'],
    ['durations at an open bound', 'connect_timeout: 0s', 'ClusterValidationError.ConnectTimeout: value must be greater than 0s'],
    ['durations below a bound', 'dns_refresh_rate: 0.0000001s', 'ClusterValidationError.DnsRefreshRate: value must be greater than 1ms'],
    ['enum values nobody defined', 'type: 9', 'ClusterValidationError.Type: value must be one of the defined enum values'],
    ['enum values that are excluded', `health_checks: [{${HEALTH_CHECK}, http_health_check: {path: /, method: CONNECT}}]`, 'HttpHealthCheckValidationError.Method: value must not be in list [CONNECT]'],
    ['strings that are empty', 'transport_socket: {}', 'TransportSocketValidationError.Name: value length must be at least 1 characters'],
    ['strings with forbidden characters', `health_checks: [{${HEALTH_CHECK}, http_health_check: {path: "/\\n"}}]`, 'HttpHealthCheckValidationError.Path: value does not match regex pattern "^[^\\x00-\\b\\n-\\x1f\\x7f]*$"'],
    ['strings in a list', `health_checks: [{${HEALTH_CHECK}, http_health_check: {path: /, request_headers_to_remove: [a, "x\\ny"]}}]`, 'HttpHealthCheckValidationError.RequestHeadersToRemove[1]: value does not match regex pattern "^[^\\x00\\n\\r]*$"'],
    ['keys of a map', 'metadata: {filter_metadata: {"": {a: 1}}}', 'MetadataValidationError.FilterMetadata[]: value length must be at least 1 characters'],
    ['messages that are required', `health_checks: [{timeout: 1s, interval: 1s, healthy_threshold: 1, tcp_health_check: {}}]`, 'HealthCheckValidationError.UnhealthyThreshold: value is required'],
    ['oneofs that are required', `health_checks: [{${HEALTH_CHECK}}]`, 'field: "health_checker", reason: is required'],
    ['nested messages, by their own name', 'load_assignment: {cluster_name: a, endpoints: [{priority: 129}]}', 'LocalityLbEndpointsValidationError.Priority: value must be less than or equal to 128'],
  ])('%s', (_name, yaml, sentence) => {
    expect(clusterViolations(yaml)).toEqual([sentence]);
  });

  test.each<[TypeName, string, string]>([
    ['envoy.config.bootstrap.v3.Bootstrap', 'stats_flush_interval: 600s', 'BootstrapValidationError.StatsFlushInterval: value must be inside range [1ms, 5m0s)'],
    ['xds.type.matcher.v3.Matcher', 'matcher_tree: {input: {name: a, typed_config: {"@type": type.googleapis.com/google.protobuf.Empty}}, exact_match_map: {}}', 'MatchMapValidationError.Map: value must contain at least 1 pair(s)'],
    ['envoy.config.bootstrap.v3.Bootstrap', 'stats_eviction_interval: 0.0001s', 'BootstrapValidationError.StatsEvictionInterval: value must be greater than or equal to 1ms'],
    ['envoy.config.metrics.v3.HistogramBucketSettings', 'match: {prefix: a}\nbuckets: [1, 1]', 'HistogramBucketSettingsValidationError.Buckets[1]: repeated value must contain unique items'],
    ['envoy.config.metrics.v3.TagSpecifier', `tag_name: a\nregex: ${'a'.repeat(1025)}`, 'TagSpecifierValidationError.Regex: value length must be at most 1024 bytes'],
    ['envoy.config.overload.v3.OverloadAction', 'name: a', 'OverloadActionValidationError.Triggers: value must contain at least 1 item(s)'],
    ['envoy.config.route.v3.RouteMatch', 'path_separated_prefix: /a/', 'RouteMatchValidationError.PathSeparatedPrefix: value does not match regex pattern "^[^?#]+[^?#/]$"'],
    ['envoy.config.route.v3.DirectResponseAction', 'status: 600', 'DirectResponseActionValidationError.Status: value must be inside range [200, 600)'],
  ])('of %s', (typeName, yaml, sentence) => {
    expect(violations(typeName, yaml)[0]).toContain(`Proto constraint validation failed (${sentence})`);
  });
});

describe('validation', () => {
  test('reports every violation with place and path', () => {
    const yaml = `name: ""
outlier_detection:
  max_ejection_percent: 101
  interval: 0s
health_checks:
- timeout: 1s
`;
    const places = violations('envoy.config.cluster.v3.Cluster', yaml).map((line) => line.slice(0, line.indexOf(': Proto')));
    expect(places.toSorted()).toEqual([
      'f:1:7: name',
      'f:3:25: outlier_detection.max_ejection_percent',
      'f:4:13: outlier_detection.interval',
      'f:6:3: health_checks[0]',
      'f:6:3: health_checks[0].healthy_threshold',
      'f:6:3: health_checks[0].interval',
      'f:6:3: health_checks[0].unhealthy_threshold',
    ]);
  });

  test('says nothing about rules of fields that are not set', () => {
    expect(clusterViolations('outlier_detection: {}')).toEqual([]);
  });

  test('takes the empty string where a rule ignores it', () => {
    expect(violations('envoy.config.route.v3.RateLimit', 'actions: [{source_cluster: {}}]\nhits_addend: {format: ""}')).toEqual([]);
    expect(violations('envoy.config.route.v3.RateLimit', 'actions: [{source_cluster: {}}]\nhits_addend: {format: "x"}')).toHaveLength(2);
  });

  test('counts characters as code points', () => {
    const rules: FieldRules = { string: { minLen: 2, maxLen: 2 } };
    const [check] = valueChecks(rules, undefined);
    expect(check!.passes('😀é' as never)).toBe(true);
    expect(check!.passes('😀' as never)).toBe(false);
  });

  test('goes into Anys, whether they came as text or as bytes', () => {
    const any = '{"@type": type.googleapis.com/envoy.config.core.v3.HttpUri, uri: x, cluster: c}';
    const yaml = `name: a\nmetadata:\n  typed_filter_metadata:\n    k: ${any}\n`;
    const sentence = 'metadata.typed_filter_metadata["k"].timeout: Proto constraint validation failed (HttpUriValidationError.Timeout: value is required)';
    expect(violations('envoy.config.cluster.v3.Cluster', yaml)).toEqual([`f:4:8: ${sentence}`]);

    const schema = schemaOf('envoy.config.cluster.v3.Cluster');
    const { message } = loadContent(schema, { name: 'f', content: yaml, format: 'yaml' });
    const problems = new Problems();
    validateMessage(schema, fromBinary(schema, toBinary(schema, message as Cluster)), { problems });
    expect(problems.errors.map(formatProblem)).toEqual([sentence]);
  });

  test('of every type of the API compiles', () => {
    for (const type of apiTypes) {
      if (type.kind !== 'message' || type.file.proto.syntax !== 'proto3') continue;
      expect(() => validateMessage(type, create(type), { problems: new Problems(), unknownFields: 'ignore' })).not.toThrow();
    }
  });

  test('reports fields that bytes hold and the API does not know', () => {
    const schema = schemaOf('envoy.config.core.v3.Node');
    const message = fromBinary(schema, Uint8Array.from([0x0a, 1, 0x61, 0xca, 0x3e, 1, 0x61]));
    const problems = new Problems();
    expect(validateMessage(schema, message, { problems }).unknownFields).toBe(1);
    expect(problems.errors.map(formatProblem)).toEqual([
      'Protobuf message (type envoy.config.core.v3.Node with unknown field set {1001}) has unknown fields',
    ]);
    const warned = new Problems();
    validateMessage(schema, message, { problems: warned, unknownFields: 'warn' });
    expect([warned.errors.length, warned.warnings.length]).toEqual([0, 1]);
  });
});

describe('the life cycle of the API', () => {
  const load = (yaml: string, allowsDeprecated?: (name: string) => boolean) =>
    loadContent(schemaOf('envoy.config.cluster.v3.Cluster'), { name: 'f', content: `name: a\n${yaml}`, format: 'yaml' }, { allowsDeprecated });

  test('warns once of the use of a deprecated field, and counts each', () => {
    const { problems, deprecatedUses } = load('upstream_http_protocol_options: {}\nhttp2_protocol_options: {}');
    expect(problems.errors).toEqual([]);
    expect(problems.warnings.map(formatProblem)).toEqual([
      "f:2:33: upstream_http_protocol_options: Using deprecated option 'envoy.config.cluster.v3.Cluster.upstream_http_protocol_options' from file cluster.proto. This configuration will be removed from Envoy soon.",
      "f:3:25: http2_protocol_options: Using deprecated option 'envoy.config.cluster.v3.Cluster.http2_protocol_options' from file cluster.proto. This configuration will be removed from Envoy soon.",
    ]);
    expect(deprecatedUses).toBe(2);
    expect(problems.warnings).toHaveLength(2);
  });

  const source = 'load_assignment: {cluster_name: a}\ncluster_type: {name: a}';

  test('refuses what is disallowed by default, unless the runtime allows it', () => {
    const schema = schemaOf('envoy.config.route.v3.RateLimit');
    const content = 'actions: [{dynamic_metadata: {descriptor_key: a, metadata_key: {key: b, path: [{key: c}]}}}]';
    const refused = loadContent(schema, { name: 'f', content, format: 'yaml' });
    expect(refused.problems.errors.map((problem) => problem.path)).toEqual(['actions[0].dynamic_metadata']);
    expect(refused.problems.errors[0]!.message).toContain('envoy.deprecated_features:envoy.config.route.v3.RateLimit.Action.dynamic_metadata');
    const allowed = loadContent(schema, { name: 'f', content, format: 'yaml' }, { allowsDeprecated: (name) => name.endsWith('.dynamic_metadata') });
    expect(allowed.problems.errors).toEqual([]);
    expect(allowed.problems.warnings).toHaveLength(1);
    expect(load(source).problems.errors).toEqual([]);
  });

  test('refuses a default that is disallowed even where nobody wrote it', () => {
    const schema = schemaOf('envoy.config.core.v3.ApiConfigSource');
    const { problems } = loadContent(schema, { name: 'f', content: 'transport_api_version: V3', format: 'yaml' });
    expect(problems.errors.map((problem) => problem.message).join()).toContain('Using the default now-deprecated value DEPRECATED_AND_UNAVAILABLE_DO_NOT_USE');
  });
});

describe('rules', () => {
  const passes = (rules: FieldRules, value: unknown): string[] =>
    valueChecks(rules, undefined).filter((check) => !check.passes(value as never)).map((check) => check.text);

  test.each<[string, FieldRules, unknown, unknown, string]>([
    ['gt', { int32: { gt: 1 } }, 2, 1, 'value must be greater than 1'],
    ['lt', { int64: { lt: 1n } }, 0n, 1n, 'value must be less than 1'],
    ['lte', { uint64: { lte: 1n } }, 1n, 2n, 'value must be less than or equal to 1'],
    ['a range without its ends', { double: { gt: 1, lt: 2 } }, 1.5, 2, 'value must be inside range (1, 2)'],
    ['a range with its ends', { float: { gte: 1, lte: 2 } }, 1, 0.9, 'value must be inside range [1, 2]'],
    ['outside', { float: { lt: 1, gt: 5 } }, 6, 3, 'value must be outside range [1, 5]'],
    ['outside, closed', { double: { lte: 1, gte: 5 } }, 1, 3, 'value must be outside range (1, 5)'],
    ['ignore empty', { uint32: { gt: 5, ignoreEmpty: true } }, 0, 5, 'value must be greater than 5'],
    ['bool const', { bool: { const: true } }, true, false, 'value must equal true'],
    ['in', { string: { in: ['a', 'b'] } }, 'a', 'c', 'value must be in list [a b]'],
    ['min and max', { string: { minLen: 1, maxLen: 2 } }, 'ab', 'abc', 'value length must be between 1 and 2 characters, inclusive'],
    ['max', { string: { maxLen: 2 } }, 'ab', 'abc', 'value length must be at most 2 characters'],
    ['min bytes', { string: { minBytes: 2 } }, 'é', 'e', 'value length must be at least 2 bytes'],
    ['prefix', { string: { prefix: 'a' } }, 'ab', 'b', 'value does not have prefix "a"'],
    ['suffix', { string: { suffix: 'b' } }, 'ab', 'a', 'value does not have suffix "b"'],
    ['strict header name', { string: { wellKnownRegex: 1 } }, ':path', 'a b', "value does not match regex pattern \"^:?[0-9a-zA-Z!#$%&'*+-.^_|~`]+$\""],
    ['bytes length', { bytes: { minLen: 1, maxLen: 2 } }, Uint8Array.of(1), Uint8Array.of(), 'value length must be between 1 and 2 bytes, inclusive'],
  ])('%s', (_name, rules, good, bad, text) => {
    expect(passes(rules, good)).toEqual([]);
    expect(passes(rules, bad)).toEqual([text]);
  });

  test.each<FieldRules>([
    { string: { email: true } },
    { string: { const: 'a' } },
    { bytes: { pattern: 'a' } },
    { uint32: { in: [1] } },
    { any: { in: ['a/b'] } },
    { timestamp: { ltNow: true } },
    { sint32: { gt: 1 } },
  ])('that no field of the API has are a fault of this program: %j', (rules) => {
    expect(() => valueChecks(rules, undefined)).toThrow('not known');
  });

  test('are printed as Go prints them', () => {
    expect([0n, 1n, 1_500n, 1_000_000n, 1_500_000_000n, 300_000_000_000n, 3_600_500_000_000n, -1_000_000_000n].map(goDuration)).toEqual([
      '0s',
      '1ns',
      '1.5µs',
      '1ms',
      '1.5s',
      '5m0s',
      '1h0m0.5s',
      '-1s',
    ]);
    expect(goQuote('a"\\\n\u0001')).toBe('"a\\"\\\\\\n\\x01"');
  });
});
