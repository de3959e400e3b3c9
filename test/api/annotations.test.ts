import { createFileRegistry, type DescEnumValue, type DescField, type DescMessage } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import {
  OPTION,
  deprecationOf,
  fieldRules,
  isRequired,
  isSensitive,
  isWorkInProgress,
  skipsValidation,
} from '../../src/api/annotations.ts';
import { apiTypes, schemaOf } from '../../src/api/registry.ts';
import { readDescriptorSet } from '../../tools/api/api-files.ts';

function field(typeName: string, name: string): DescField {
  const found = apiTypes.getMessage(typeName)?.fields.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`${typeName} has no field ${name}`);
  return found;
}

function enumValue(typeName: string, name: string): DescEnumValue {
  return apiTypes.getEnum(typeName)!.values.find((value) => value.name === name)!;
}

describe('annotations', () => {
  it('know the numbers that the proto files give', () => {
    const written = createFileRegistry(readDescriptorSet(new URL('../../tools/api/envoy-api.binpb.gz', import.meta.url)));
    for (const [name, number] of Object.entries(OPTION)) expect(written.getExtension(name)?.number, name).toBe(number);
  });

  it('give only the rules that were written', () => {
    expect(fieldRules(field('envoy.config.cluster.v3.Cluster', 'name'))).toEqual({ string: { minLen: 1 } });
    expect(fieldRules(field('envoy.config.cluster.v3.Cluster', 'lb_policy'))).toEqual({ enum: { definedOnly: true } });
    expect(fieldRules(field('envoy.config.cluster.v3.Cluster', 'alt_stat_name'))).toBeUndefined();
    expect(fieldRules(field('envoy.config.cluster.v3.Cluster.RingHashLbConfig', 'minimum_ring_size'))).toEqual({
      uint64: { lte: 8388608n },
    });
    expect(fieldRules(field('envoy.config.cluster.v3.Cluster', 'connect_timeout'))?.duration?.gt).toMatchObject({
      seconds: 0n,
      nanos: 0,
    });
  });

  it('give a zero that was written, which proto2 would also give unwritten', () => {
    const rules = fieldRules(field('envoy.config.core.v3.DataSource', 'filename'));
    expect(rules).toEqual({ string: { minLen: 1 } });
    expect(fieldRules(field('envoy.config.route.v3.RedirectAction', 'response_code'))).toEqual({ enum: { definedOnly: true } });
    expect(fieldRules(field('envoy.config.route.v3.RouteAction.HashPolicy.Header', 'header_name'))).toEqual({
      string: { minLen: 1, wellKnownRegex: 1, strict: false },
    });
  });

  it('give rules of elements', () => {
    expect(fieldRules(field('envoy.config.route.v3.VirtualHost', 'domains'))).toEqual({
      repeated: { minItems: 1, items: { string: { wellKnownRegex: 2, strict: false } } },
    });
  });

  it('are decoded once a field', () => {
    const name = field('envoy.config.cluster.v3.Cluster', 'name');
    expect(fieldRules(name)).toBe(fieldRules(name));
  });

  it('can be read of every field of the API', () => {
    let count = 0;
    for (const type of apiTypes) {
      if (type.kind !== 'message') continue;
      for (const each of type.fields) if (fieldRules(each) !== undefined) count++;
    }
    expect(count).toBeGreaterThan(1_000);
  });

  it('tell which oneof must be set', () => {
    const oneof = (type: DescMessage, name: string) => type.oneofs.find((candidate) => candidate.name === name)!;
    expect(isRequired(oneof(schemaOf('envoy.config.core.v3.Address') as never, 'address'))).toBe(true);
    expect(isRequired(oneof(schemaOf('envoy.config.cluster.v3.Cluster') as never, 'lb_config'))).toBe(false);
    expect(skipsValidation(schemaOf('envoy.config.cluster.v3.Cluster') as never)).toBe(false);
  });

  it('tell of deprecation', () => {
    expect(deprecationOf(field('envoy.config.cluster.v3.Cluster', 'http2_protocol_options'))).toEqual({
      deprecated: true,
      since: '3.0',
      disallowedByDefault: false,
    });
    expect(deprecationOf(field('envoy.config.cluster.v3.Cluster', 'name')).deprecated).toBe(false);
    expect(deprecationOf(enumValue('envoy.config.core.v3.ApiVersion', 'V2'))).toMatchObject({ deprecated: true });
  });

  it('tell secrets and work in progress', () => {
    expect(isSensitive(field('envoy.extensions.transport_sockets.tls.v3.TlsCertificate', 'private_key'))).toBe(true);
    expect(isSensitive(field('envoy.extensions.transport_sockets.tls.v3.TlsCertificate', 'certificate_chain'))).toBe(false);
    const sse = schemaOf('envoy.extensions.filters.http.sse_to_metadata.v3.SseToMetadata');
    expect(isWorkInProgress(sse.file)).toBe(true);
    expect(isWorkInProgress(schemaOf('envoy.config.cluster.v3.Cluster').file)).toBe(false);
  });
});
