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
  it('finds every type it names', () => {
    const names = [...apiTypes.typeNames()];
    expect(names.length).toBeGreaterThan(1_500);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(apiTypes.get(name)?.typeName).toBe(name);
  });

  it('opens no file for a type before that is asked what it holds', () => {
    const opened: number[] = [];
    class WatchedPack extends DescriptorPack {
      override fileBytes(position: number): Uint8Array {
        opened.push(position);
        return super.fileBytes(position);
      }
    }
    const registry = new PackRegistry(new WatchedPack(PACK));
    const bootstrap = registry.getMessage('envoy.config.bootstrap.v3.Bootstrap')!;
    expect(registry.has('envoy.config.cluster.v3.Cluster')).toBe(true);
    expect(opened).toEqual([]);
    expect(bootstrap.field['admin']!.message?.typeName).toBe('envoy.config.bootstrap.v3.Admin');
    expect(bootstrap.field['node']!.message?.typeName).toBe('envoy.config.core.v3.Node');
    expect(opened.length).toBe(1);
  });

  it('makes one descriptor of a type, whoever asks first', () => {
    const registry = freshRegistry();
    const address = registry.getMessage('envoy.config.core.v3.Address');
    const endpoint = registry.getMessage('envoy.config.endpoint.v3.Endpoint');
    expect(endpoint?.field['address'].message).toBe(address);
  });

  it('answers undefined for unknown names and for another kind', () => {
    expect(apiTypes.get('envoy.config.cluster.v3.Nothing')).toBeUndefined();
    expect(apiTypes.getEnum('envoy.config.cluster.v3.Cluster')).toBeUndefined();
    expect(apiTypes.getMessage('envoy.config.cluster.v3.Cluster.LbPolicy')).toBeUndefined();
    expect(apiTypes.get('')).toBeUndefined();
    expect(apiTypes.get('Cluster')).toBeUndefined();
    expect(apiTypes.get('envoy.config.cluster.v3')).toBeUndefined();
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
