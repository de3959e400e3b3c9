import { equals, toBinary, toJson, fromBinary, create, type Message } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Cluster } from '../../src/api/generated/envoy/config/cluster/v3.ts';
import type { Node } from '../../src/api/generated/envoy/config/core/v3.ts';
import { apiTypes, schemaOf } from '../../src/api/registry.ts';
import type { ConfigFormat } from '../../src/config/config-file.ts';
import { decodeTree, type UnknownFieldPolicy } from '../../src/config/decode.ts';
import { parseJson } from '../../src/config/json.ts';
import { loadContent } from '../../src/config/loader.ts';
import { SourceText } from '../../src/config/source.ts';
import { treeFromValue } from '../../src/config/tree.ts';
import { parseYaml } from '../../src/config/yaml.ts';
import { formatProblem, Problems } from '../../src/core/problems.ts';
import { randomMessage } from '../support/random-message.ts';
import acceptance from './fixtures/acceptance.json' with { type: 'json' };

type TypeName = Parameters<typeof schemaOf>[0];

function decode(typeName: TypeName, yaml: string, unknownFields: UnknownFieldPolicy = 'error') {
  const source = new SourceText('f', yaml);
  const problems = new Problems();
  const tree = parseYaml(source);
  expect(tree.errors).toEqual([]);
  const { message, unknownFields: count } = decodeTree(schemaOf(typeName), tree.root!, { types: apiTypes, problems, source, unknownFields });
  return { message, count, errors: problems.errors.map(formatProblem), warnings: problems.warnings.map(formatProblem) };
}

function cluster(yaml: string): Cluster {
  const { message, errors } = decode('envoy.config.cluster.v3.Cluster', yaml);
  expect(errors).toEqual([]);
  return message as Cluster;
}

const clusterErrors = (yaml: string): string[] => decode('envoy.config.cluster.v3.Cluster', yaml).errors;
const node = (yaml: string): Node => decode('envoy.config.core.v3.Node', yaml).message as Node;

// Recorded from Envoy 1.40: whether it takes the bootstrap as far as decoding and validation rules are concerned.
test.each(acceptance)('Envoy and this decoder agree about $format $text', ({ format, text, accepted }) => {
  const schema = schemaOf('envoy.config.bootstrap.v3.Bootstrap');
  const { problems } = loadContent(schema, { name: 'f', content: text, format: format as ConfigFormat });
  expect({ accepted: problems.ok, errors: problems.errors }).toMatchObject({ accepted });
});

describe('values', () => {
  test('are found under both spellings of a field', () => {
    expect(cluster('altStatName: a').altStatName).toBe('a');
    expect(cluster('alt_stat_name: a').altStatName).toBe('a');
  });

  test('of wrappers may be bare or in an object', () => {
    expect(cluster('per_connection_buffer_limit_bytes: 5').perConnectionBufferLimitBytes).toBe(5);
    expect(cluster('per_connection_buffer_limit_bytes: {value: 5}').perConnectionBufferLimitBytes).toBe(5);
    expect(cluster('per_connection_buffer_limit_bytes: {}').perConnectionBufferLimitBytes).toBe(0);
    expect(cluster('per_connection_buffer_limit_bytes: ~').perConnectionBufferLimitBytes).toBeUndefined();
  });

  test('of numbers may be quoted, in hexadecimal, or floats without a fraction', () => {
    for (const text of ['16', '"16"', '0x10', '020', '16.0', '1.6e1', '"0x10"']) {
      expect(cluster(`per_connection_buffer_limit_bytes: ${text}`).perConnectionBufferLimitBytes).toBe(16);
    }
  });

  test('of booleans may be quoted, as any word that YAML has for them', () => {
    const read = (text: string): boolean => cluster(`respect_dns_ttl: ${text}`).respectDnsTtl;
    expect(['true', '"True"', '"t"', '"yes"', '"Y"', '"1"'].map(read)).toEqual(Array(6).fill(true));
    expect(['false', '"FALSE"', '"f"', '"No"', '"n"', '"0"'].map(read)).toEqual(Array(6).fill(false));
    expect(clusterErrors('respect_dns_ttl: "on"')).toEqual(['f:1:18: respect_dns_ttl: expected true or false, got "on"']);
  });

  test('of 64-bit integers keep every digit', () => {
    const yaml = 'ring_hash_lb_config: {minimum_ring_size: 9007199254740993}';
    expect(cluster(yaml).lbConfig).toMatchObject({ value: { minimumRingSize: 9007199254740993n } });
  });

  test('of enums are found by name in any case and by number', () => {
    for (const text of ['RANDOM', 'random', 'Random', '3', '"3"']) expect(cluster(`lb_policy: ${text}`).lbPolicy).toBe(3);
  });

  test('of durations have seconds and nanoseconds of one sign', () => {
    expect(cluster('connect_timeout: 1.5s').connectTimeout).toMatchObject({ seconds: 1n, nanos: 500_000_000 });
    expect(cluster('connect_timeout: -0.25s').connectTimeout).toMatchObject({ seconds: 0n, nanos: -250_000_000 });
    expect(cluster('connect_timeout: {seconds: 3}').connectTimeout).toMatchObject({ seconds: 3n, nanos: 0 });
  });

  test('that stand alone make a list of one, and lists in lists are one list', () => {
    expect(cluster('health_checks: {timeout: 1s}').healthChecks).toHaveLength(1);
    expect(cluster('health_checks: [[{}], {}, [[{}, {}]]]').healthChecks).toHaveLength(4);
  });

  test('that are null leave a field unset, and are a default inside a list', () => {
    expect(cluster('load_assignment: ~').loadAssignment).toBeUndefined();
    expect(cluster('health_checks: ~').healthChecks).toEqual([]);
    expect(cluster('health_checks: [~]').healthChecks).toHaveLength(1);
  });

  test('of a field that is given twice are the last, merged or appended', () => {
    const source = new SourceText('f', '{"id":"a","id":"b","locality":{"zone":"z"},"locality":{"region":"r"},"extensions":[{}],"extensions":[{}]}');
    const problems = new Problems();
    const { message } = decodeTree(schemaOf('envoy.config.core.v3.Node'), parseJson(source).root!, { types: apiTypes, problems, source });
    expect(problems.errors).toEqual([]);
    expect(message).toMatchObject({ id: 'b', locality: { zone: 'z', region: 'r' } });
    expect((message as Node).extensions).toHaveLength(2);
  });

  test('of a list, a map or a oneof in a message that is given twice are those of the later place', () => {
    const clusterOf = (text: string) => {
      const source = new SourceText('f', text);
      const problems = new Problems();
      const { message } = decodeTree(schemaOf('envoy.config.cluster.v3.Cluster'), parseJson(source).root!, { types: apiTypes, problems, source });
      expect(problems.errors).toEqual([]);
      return message as Cluster;
    };
    const twice = clusterOf('{"load_assignment":{"cluster_name":"q","endpoints":[{"priority":1},{}]},"loadAssignment":{"endpoints":[{}]}}');
    expect(twice.loadAssignment).toMatchObject({ clusterName: 'q', endpoints: [{ priority: 0 }] });
    expect(clusterOf('{"load_assignment":{"endpoints":[{}]},"load_assignment":{"cluster_name":"z"}}').loadAssignment!.endpoints).toHaveLength(1);
    expect(Object.keys(clusterOf('{"metadata":{"filter_metadata":{"x":{},"y":{}}},"metadata":{"filter_metadata":{"x":{}}}}').metadata!.filterMetadata)).toEqual(['x']);
    const bound = clusterOf('{"upstream_bind_config":{"source_address":{"address":"a","port_value":1}},"upstreamBindConfig":{"source_address":{"port_value":2}}}');
    expect(bound.upstreamBindConfig!.sourceAddress!.portSpecifier).toEqual({ case: 'portValue', value: 2 });
  });

  test('of free-form JSON stay as they are', () => {
    const { metadata } = node('metadata: {a: [1, "x", ~, {b: yes}], big: 3000000000, f: 1.50}');
    expect(metadata).toEqual({ a: [1, 'x', null, { b: true }], big: '3000000000', f: '1.50' });
  });

  test('under the key __proto__ are ordinary entries', () => {
    const { metadata } = node('metadata: {__proto__: {a: 1}}');
    expect(Object.keys(metadata!)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
  });
});

describe('errors', () => {
  test('name place, path and what was expected', () => {
    expect(clusterErrors('connect_timeout: 5')).toEqual(['f:1:18: connect_timeout: expected a duration such as "1.5s", got 5']);
    expect(clusterErrors('name: [a]')).toEqual(['f:1:7: name: expected a value, got a list']);
    expect(clusterErrors('name: yes')).toEqual(['f:1:7: name: expected a string, got true; quote it']);
    expect(clusterErrors('load_assignment: 5')).toEqual([
      'f:1:18: load_assignment: expected an object (envoy.config.endpoint.v3.ClusterLoadAssignment), got 5',
    ]);
    expect(clusterErrors('per_connection_buffer_limit_bytes: -1')).toEqual(['f:1:36: per_connection_buffer_limit_bytes: -1 is out of range: an integer from 0 to 4294967295 is expected']);
    expect(clusterErrors('respect_dns_ttl: maybe')).toEqual(['f:1:18: respect_dns_ttl: expected true or false, got "maybe"']);
    expect(clusterErrors('metadata: {filter_metadata: 5}')).toEqual(['f:1:29: metadata.filter_metadata: expected an object, got 5']);
  });

  test('point into lists and maps', () => {
    expect(clusterErrors('health_checks:\n- {}\n- timeout: x\n')).toEqual([
      'f:3:12: health_checks[1].timeout: expected a duration such as "1.5s", got "x"',
    ]);
    expect(clusterErrors('metadata: {filter_metadata: {"a.b": 5}}')).toEqual([
      'f:1:37: metadata.filter_metadata["a.b"]: expected an object, got 5',
    ]);
  });

  test('suggest the field or the enum value that was meant', () => {
    expect(clusterErrors('conect_timeout: 1s')).toEqual([
      "f:1:1: conect_timeout: no such field in envoy.config.cluster.v3.Cluster (did you mean 'connect_timeout'?)",
    ]);
    expect(clusterErrors('lb_policy: ROUND_ROBBIN')).toEqual([
      'f:1:12: lb_policy: no such value of envoy.config.cluster.v3.Cluster.LbPolicy: "ROUND_ROBBIN" (did you mean \'ROUND_ROBIN\'?)',
    ]);
    expect(clusterErrors('zzzzzz: 1')).toEqual(['f:1:1: zzzzzz: no such field in envoy.config.cluster.v3.Cluster']);
  });

  test('tell of two cases of a oneof', () => {
    expect(clusterErrors('type: STATIC\ncluster_type: {name: a}')).toEqual([
      "f:2:1: cluster_type: only one of 'type', 'cluster_type' may be set",
    ]);
  });

  test('cut long texts', () => {
    expect(clusterErrors(`connect_timeout: ${'x'.repeat(10_000)}`)[0]!.length).toBeLessThan(300);
  });
});

describe('fields and enum values that the API does not have', () => {
  const yaml = 'nothing: {a: 1}\nlb_policy: BOGUS\nname: a';

  test('are errors by default', () => {
    expect(clusterErrors(yaml)).toHaveLength(2);
  });

  test('are warned of and counted where that is asked for', () => {
    const { message, count, errors, warnings } = decode('envoy.config.cluster.v3.Cluster', yaml, 'warn');
    expect({ count, errors, warnings: warnings.length }).toEqual({ count: 2, errors: [], warnings: 2 });
    expect(message).toMatchObject({ name: 'a', lbPolicy: 0 });
  });

  test('are counted in silence where that is asked for', () => {
    const { count, errors, warnings } = decode('envoy.config.cluster.v3.Cluster', yaml, 'ignore');
    expect({ count, errors, warnings }).toEqual({ count: 2, errors: [], warnings: [] });
  });
});

test('what the JSON mapping writes is read back as it was, for every type of the API', () => {
  const names = [...apiTypes.typeNames()].filter((name) => apiTypes.getMessage(name)?.file.proto.syntax === 'proto3' && !name.startsWith('google.protobuf.'));
  expect(names.length).toBeGreaterThan(1_500);
  const picked = fc.constantFrom(...names).chain((name) => randomMessage(apiTypes.getMessage(name)!).map((message): [string, Message] => [name, message]));
  fc.assert(
    fc.property(picked, ([name, message]) => {
      const schema = apiTypes.getMessage(name)!;
      const json = JSON.parse(JSON.stringify(toJson(schema, message, { registry: apiTypes }))) as unknown;
      const problems = new Problems();
      const read = decodeTree(schema, treeFromValue(json), { types: apiTypes, problems }).message;
      expect(problems.errors).toEqual([]);
      expect(equals(schema, message, read)).toBe(true);
    }),
    { numRuns: 3_000 },
  );
});

test('a message that was read can be written as bytes and read again', () => {
  const message = cluster('name: a\nmetadata: {typed_filter_metadata: {k: {"@type": type.googleapis.com/envoy.config.core.v3.Node, id: x}}}');
  const schema = schemaOf('envoy.config.cluster.v3.Cluster');
  const again = fromBinary(schema, toBinary(schema, message));
  expect(equals(schema, message, again)).toBe(true);
  expect(again.metadata?.typedFilterMetadata['k']?.value).toEqual(toBinary(schemaOf('envoy.config.core.v3.Node'), create(schemaOf('envoy.config.core.v3.Node'), { id: 'x' })));
});

test('any tree decodes as any type without a throw', () => {
  const names = [...apiTypes.typeNames()].filter((name) => apiTypes.getMessage(name) !== undefined);
  const keys = fc.constantFrom('name', 'value', '@type', 'type_url', 'fields', 'kind', 'seconds', 'x', 'typed_config', 'filter', 'route');
  const leaves = fc.constantFrom(null, true, 0, 1.5, 1e300, '', 'x', '1s', 'type.googleapis.com/google.protobuf.Struct', 'a/xds.type.v3.TypedStruct', 'a/google.protobuf.Any');
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ maxDepth: 5 }, leaves, fc.array(tie('tree'), { maxLength: 3 }), fc.dictionary(keys, tie('tree'), { maxKeys: 4 })),
  }));
  fc.assert(
    fc.property(fc.constantFrom(...names), tree, (name, value) => {
      decodeTree(apiTypes.getMessage(name)!, treeFromValue(value), { types: apiTypes, problems: new Problems() });
    }),
    { numRuns: 5_000 },
  );
});
