import { readFileSync } from 'node:fs';
import { create, fromBinary, toBinary, toJson } from '@bufbuild/protobuf';
import { AnySchema, anyPack, anyUnpack } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { DescriptorPack } from '../../src/api/descriptor-pack.ts';
import { Cluster_DiscoveryType, Cluster_LbPolicy, type Cluster } from '../../src/api/generated/envoy/config/cluster/v3.ts';
import { PackRegistry, apiTypes, schemaOf } from '../../src/api/registry.ts';

const PACK = readFileSync(new URL('../../src/api/generated/api.pack', import.meta.url));

function freshRegistry(): PackRegistry {
  return new PackRegistry(new DescriptorPack(PACK));
}

describe('the type registry', () => {
  it('hydrates every type it names', () => {
    for (const name of apiTypes.typeNames()) expect(apiTypes.get(name)?.typeName).toBe(name);
  });

  it('hydrates nothing before a type is asked for', () => {
    const registry = freshRegistry();
    expect([...registry.typeNames()].length).toBeGreaterThan(1_500);
    expect(registry.has('envoy.config.cluster.v3.Cluster')).toBe(true);
    expect(registry.hydratedFiles).toBe(0);
  });

  it('hydrates for Bootstrap only what Bootstrap names', () => {
    const registry = freshRegistry();
    registry.getMessage('envoy.config.bootstrap.v3.Bootstrap');
    expect(registry.hydratedFiles).toBeGreaterThan(20);
    expect(registry.hydratedFiles).toBeLessThan(70);
    const before = registry.hydratedFiles;
    registry.getMessage('envoy.extensions.filters.http.router.v3.Router');
    expect(registry.hydratedFiles).toBeLessThan(before + 10);
  });

  it('makes one descriptor of a type, whoever asks first', () => {
    const registry = freshRegistry();
    const address = registry.getMessage('envoy.config.core.v3.Address');
    const endpoint = registry.getMessage('envoy.config.endpoint.v3.Endpoint');
    expect(endpoint?.field['address'].message).toBe(address);
    const any = registry.getMessage('envoy.config.core.v3.TypedExtensionConfig')?.field['typedConfig'].message;
    expect(any).toBe(AnySchema);
  });

  it('answers undefined for unknown names and for another kind', () => {
    expect(apiTypes.get('envoy.config.cluster.v3.Nothing')).toBeUndefined();
    expect(apiTypes.getEnum('envoy.config.cluster.v3.Cluster')).toBeUndefined();
    expect(apiTypes.getMessage('envoy.config.cluster.v3.Cluster.LbPolicy')).toBeUndefined();
    expect(apiTypes.getFile('envoy/nothing.proto')).toBeUndefined();
  });

  it('knows what Envoy links besides its own API', () => {
    for (const name of [
      'udpa.type.v1.TypedStruct',
      'xds.type.v3.TypedStruct',
      'xds.data.orca.v3.OrcaLoadReport',
      'grpc.health.v1.HealthCheckRequest',
      'opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest',
      'google.api.HttpBody',
      'google.rpc.BadRequest',
    ]) {
      expect(apiTypes.getMessage(name)?.typeName).toBe(name);
    }
  });

  it('leaves API v2 out', () => {
    expect(apiTypes.has('envoy.api.v2.Cluster')).toBe(false);
    expect(apiTypes.has('envoy.config.filter.network.http_connection_manager.v2.HttpConnectionManager')).toBe(false);
  });

  it('serves typed messages to @bufbuild/protobuf', () => {
    const schema = schemaOf('envoy.config.cluster.v3.Cluster');
    const cluster: Cluster = create(schema, {
      name: 'web',
      lbPolicy: Cluster_LbPolicy.LEAST_REQUEST,
      clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STRICT_DNS },
      connectTimeout: { seconds: 2n },
      perConnectionBufferLimitBytes: 1024,
    });
    const read: Cluster = fromBinary(schema, toBinary(schema, cluster));
    expect(read).toEqual(cluster);
    expect(toJson(schema, read)).toEqual({
      name: 'web',
      type: 'STRICT_DNS',
      connectTimeout: '2s',
      perConnectionBufferLimitBytes: 1024,
      lbPolicy: 'LEAST_REQUEST',
    });
  });

  it('resolves Any for @bufbuild/protobuf', () => {
    const router = schemaOf('envoy.extensions.filters.http.router.v3.Router');
    const any = anyPack(router, create(router, { suppressEnvoyHeaders: true }));
    expect(anyUnpack(any, apiTypes)).toMatchObject({ suppressEnvoyHeaders: true });
    expect(toJson(AnySchema, any, { registry: apiTypes })).toEqual({
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
      suppressEnvoyHeaders: true,
    });
  });
});
