import { create, equals, fromBinary, toBinary, type Message } from '@bufbuild/protobuf';
import { AnySchema, anyPack, type Any } from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from 'vitest';
import type { TypedExtensionConfig } from '../../src/api/generated/envoy/config/core/v3.ts';
import { apiTypes, schemaOf } from '../../src/api/registry.ts';
import { loadContent } from '../../src/config/loader.ts';
import { configTypeOf, contentOf, openAny, unpack } from '../../src/config/open-any.ts';
import { ConfigPath, formatProblem, Problems } from '../../src/core/problems.ts';

const NODE = schemaOf('envoy.config.core.v3.Node');
const EXTENSION = schemaOf('envoy.config.core.v3.TypedExtensionConfig');

/** An Any as YAML has it. */
function fromText(yaml: string): Any {
  const content = `name: x\ntyped_config: ${yaml}`;
  const { message, problems } = loadContent(EXTENSION, { name: 'f', content, format: 'yaml' });
  expect(problems.errors).toEqual([]);
  return (message as TypedExtensionConfig).typedConfig!;
}

/** The same Any as a control plane sends it. */
function asBytes(any: Any): Any {
  return fromBinary(AnySchema, toBinary(AnySchema, any));
}

const TYPED_STRUCT = '{"@type": type.googleapis.com/%, type_url: type.googleapis.com/envoy.config.core.v3.Node, value: {id: x, locality: {zone: z}}}';

describe.each([
  ['text', (any: Any) => any],
  ['bytes', asBytes],
])('an Any from %s', (_name, arrange) => {
  test('gives the message that it holds, the same each time', () => {
    const any = arrange(fromText('{"@type": type.googleapis.com/envoy.config.core.v3.Node, id: x}'));
    expect(unpack(any)).toMatchObject({ $typeName: 'envoy.config.core.v3.Node', id: 'x' });
    expect(unpack(any)).toBe(unpack(any));
    expect(configTypeOf(any)).toBe('envoy.config.core.v3.Node');
  });

  test.each(['xds.type.v3.TypedStruct', 'udpa.type.v1.TypedStruct'])('with a %s gives the message of the type that it names', (name) => {
    const any = arrange(fromText(TYPED_STRUCT.replace('%', name)));
    expect(any.typeUrl).toBe(`type.googleapis.com/${name}`);
    expect(unpack(any)).toMatchObject({ $typeName: 'envoy.config.core.v3.Node', id: 'x', locality: { zone: 'z' } });
    expect(contentOf(any)).toMatchObject({ typeName: 'envoy.config.core.v3.Node', step: 'value' });
  });

  test('with a TypedStruct that names nothing is that TypedStruct', () => {
    const any = arrange(fromText('{"@type": type.googleapis.com/xds.type.v3.TypedStruct, value: {a: 1}}'));
    expect(unpack(any)).toMatchObject({ $typeName: 'xds.type.v3.TypedStruct', value: { a: 1 } });
  });

  test('with a TypedStruct of a type that nobody knows keeps that name', () => {
    const any = arrange(fromText('{"@type": type.googleapis.com/xds.type.v3.TypedStruct, type_url: a/nobody.Knows, value: {a: 1}}'));
    expect(unpack(any)).toBeUndefined();
    expect(configTypeOf(any)).toBe('nobody.Knows');
  });

  test('that is empty has no type', () => {
    const any = arrange(fromText('{}'));
    expect([unpack(any), configTypeOf(any)]).toEqual([undefined, '']);
  });

  test('may hold a well-known type', () => {
    const any = arrange(fromText('{"@type": type.googleapis.com/google.protobuf.Struct, value: {a: [1]}}'));
    expect(unpack(any)).toMatchObject({ $typeName: 'google.protobuf.Struct', fields: { a: { kind: { case: 'listValue' } } } });
  });

  test('may hold an Any', () => {
    const any = arrange(fromText('{"@type": type.googleapis.com/google.protobuf.Any, value: {"@type": type.googleapis.com/envoy.config.core.v3.Node, id: x}}'));
    expect(unpack(unpack(any) as Message as Any)).toMatchObject({ id: 'x' });
  });
});

test('an Any from text is equal to the same Any from bytes', () => {
  const any = fromText(TYPED_STRUCT.replace('%', 'xds.type.v3.TypedStruct'));
  expect(equals(AnySchema, any, asBytes(any))).toBe(true);
  const packed = anyPack(NODE, create(NODE, { id: 'x' }));
  expect(equals(AnySchema, fromText('{"@type": type.googleapis.com/envoy.config.core.v3.Node, id: x}'), packed)).toBe(true);
});

test('broken bytes are reported where the Any stands, and give nothing', () => {
  const problems = new Problems();
  const any = create(AnySchema, { typeUrl: `a/${NODE.typeName}`, value: Uint8Array.of(0xff) });
  expect(openAny(any, { problems, at: () => ConfigPath.root.field('typed_config') })).toBeUndefined();
  expect(problems.errors.map(formatProblem)).toEqual(['typed_config: Unable to unpack as envoy.config.core.v3.Node: an illegal tag at byte 5']);
  expect(unpack(any)).toBeUndefined();
});

test('a TypedStruct from bytes whose value does not fit is reported below value', () => {
  const TYPED = schemaOf('xds.type.v3.TypedStruct');
  const outer = create(TYPED, { typeUrl: `a/${NODE.typeName}`, value: { id: 5, idd: 'x' } });
  const problems = new Problems();
  openAny(anyPack(TYPED, outer), { problems, at: () => ConfigPath.root.field('typed_config') });
  expect(problems.errors.map(formatProblem)).toEqual([
    'typed_config.value.id: expected a string, got 5; quote it',
    "typed_config.value.idd: no such field in envoy.config.core.v3.Node (did you mean 'id'?)",
  ]);
  expect(apiTypes.has(NODE.typeName)).toBe(true);
});

test('a type that nobody knows is an error, also where an extension is configured', () => {
  const content = 'typed_filter_metadata: {k: {"@type": type.googleapis.com/nobody.Knows}}';
  const { problems } = loadContent(schemaOf('envoy.config.core.v3.Metadata'), { name: 'f', content, format: 'yaml' });
  expect(problems.errors.map(formatProblem)).toEqual([
    `f:1:38: typed_filter_metadata["k"]["@type"]: could not find @type 'type.googleapis.com/nobody.Knows'`,
  ]);
  const extension = 'name: x\ntyped_config: {"@type": type.googleapis.com/nobody.Knows, a: 1}';
  const loaded = loadContent(schemaOf('envoy.config.core.v3.TypedExtensionConfig'), { name: 'f', content: extension, format: 'yaml' });
  expect(loaded.problems.errors.map(formatProblem)).toEqual([`f:2:25: typed_config["@type"]: could not find @type 'type.googleapis.com/nobody.Knows'`]);
});

test('the type that was meant is named', () => {
  const meant = (name: string): string | undefined => {
    const content = `name: x\ntyped_config: {"@type": type.googleapis.com/${name}}`;
    const { problems } = loadContent(schemaOf('envoy.config.core.v3.TypedExtensionConfig'), { name: 'f', content, format: 'yaml' });
    return /did you mean '(.*)'/.exec(problems.errors.map(formatProblem).join())?.[1];
  };
  const manager = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
  expect(meant(manager.replace('Manager', 'Manger'))).toBe(manager);
  expect(meant('envoy.config.filter.network.http_connection_manager.v2.HttpConnectionManager')).toBe(manager);
  expect(meant('envoy.extensions.filters.http.router.v2.Router')).toBe('envoy.extensions.filters.http.router.v3.Router');
  expect(meant('com.example.Knows')).toBeUndefined();
});
