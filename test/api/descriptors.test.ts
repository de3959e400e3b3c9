import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';
import { createFileRegistry } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { apiTypes } from '../../src/api/registry.ts';
import { readDescriptorSet } from '../../tools/api/api-files.ts';

/** What @bufbuild/protobuf makes of the same files. */
const library = createFileRegistry(readDescriptorSet(new URL('../../tools/api/envoy-api.binpb.gz', import.meta.url)));
const shared = [...apiTypes.typeNames()].filter((name) => library.get(name) !== undefined);

/** Everything that may be asked of a field, with names in place of other descriptors. */
function fieldFacts(field: DescField): object {
  const { kind, name, number, localName, jsonName, deprecated, presence, utf8Validation, fieldKind, scalar } = field;
  const { listKind, mapKind, mapKey, packed = false, delimitedEncoding = false, longAsString } = field as unknown as Record<string, unknown>;
  const { label, type, typeName, oneofIndex, proto3Optional, options } = field.proto;
  return {
    common: { kind, name, number, localName, jsonName, deprecated, presence, utf8Validation, fieldKind, scalar },
    ofValues: { listKind, mapKind, mapKey, packed, delimitedEncoding, longAsString },
    proto: { label, type, typeName, oneofIndex, proto3Optional, isDeprecated: options?.deprecated },
    parent: field.parent.typeName,
    oneof: field.oneof?.name,
    message: field.message?.typeName,
    enum: field.enum?.typeName,
    default: 'getDefaultValue' in field ? field.getDefaultValue?.() : undefined,
    text: String(field),
  };
}

function messageFacts(message: DescMessage): object {
  const { kind, name, typeName, deprecated, file, parent, fields, field, oneofs, members } = message;
  return {
    itself: { kind, name, typeName, deprecated, file: file.name, edition: file.edition, package: file.proto.package, parent: parent?.typeName },
    fields: fields.map(fieldFacts),
    byName: Object.entries(field).map(([key, value]) => [key, value.number]),
    oneofs: oneofs.map((oneof) => ({ name: oneof.name, localName: oneof.localName, fields: oneof.fields.map(String), text: String(oneof) })),
    members: members.map(String),
    messages: message.nestedMessages.map(String),
    enums: message.nestedEnums.map(String),
    text: String(message),
  };
}

function enumFacts(type: DescEnum): object {
  const { kind, name, typeName, deprecated, open, sharedPrefix, file, parent } = type;
  return {
    itself: { kind, name, typeName, deprecated, open, sharedPrefix, file: file.name, parent: parent?.typeName },
    values: type.values.map((value) => [value.kind, value.name, value.localName, value.jsonName, value.number, value.deprecated, String(value)]),
    byNumber: Object.entries(type.value).map(([number, value]) => [number, value.name]),
    text: String(type),
  };
}

describe('descriptors', () => {
  it('of messages tell what those of the library tell', () => {
    const messages = shared.filter((name) => apiTypes.getMessage(name) !== undefined);
    expect(messages.length).toBeGreaterThan(1_500);
    for (const name of messages) expect(messageFacts(apiTypes.getMessage(name)!), name).toEqual(messageFacts(library.getMessage(name)!));
  });

  it('of enums tell what those of the library tell', () => {
    const enums = shared.filter((name) => apiTypes.getEnum(name) !== undefined);
    expect(enums.length).toBeGreaterThan(200);
    for (const name of enums) expect(enumFacts(apiTypes.getEnum(name)!), name).toEqual(enumFacts(library.getEnum(name)!));
  });

  it('of files tell what those of the library tell', () => {
    const files = new Map(shared.map((name) => [apiTypes.get(name)!.file.name, apiTypes.get(name)!.file]));
    for (const [name, file] of files) {
      const { proto, deprecated, messages, enums } = library.getFile(`${name}.proto`)!;
      expect({ deprecated: file.deprecated, syntax: file.proto.syntax, name: file.proto.name }, name).toEqual({ deprecated, syntax: proto.syntax, name: proto.name });
      expect([...file.messages, ...file.enums].map(String), name).toEqual([...messages, ...enums].map(String));
      expect([...file.proto.messageType, ...file.proto.enumType].map((type) => type.name), name).toEqual([...messages, ...enums].map((type) => type.name));
    }
  });

  it('leave options that nobody reads unread', () => {
    const { options } = apiTypes.getMessage('envoy.config.cluster.v3.Cluster')!.field['name']!.proto;
    const written = library.getMessage('envoy.config.cluster.v3.Cluster')!.field['name']!.proto.options;
    expect(options?.$unknown).toEqual(written?.$unknown?.map((option) => ({ ...option, data: new Uint8Array(option.data) })));
  });

  it('are one for a type, whoever asks first', () => {
    const endpoint = apiTypes.getMessage('envoy.config.endpoint.v3.Endpoint')!;
    expect(endpoint.field['address']!.message).toBe(apiTypes.getMessage('envoy.config.core.v3.Address'));
    const cluster = apiTypes.getMessage('envoy.config.cluster.v3.Cluster')!;
    expect(cluster.nestedEnums[0]).toBe(apiTypes.getEnum(cluster.nestedEnums[0]!.typeName));
    expect(cluster.nestedMessages[0]!.parent).toBe(cluster);
  });
});
