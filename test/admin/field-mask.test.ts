import { create, fromJson } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { fieldMaskText, parseFieldMask, trimMessage, trimResource } from '../../src/admin/field-mask.ts';
import { HeldAny } from '../../src/admin/held-any.ts';
import { protoJsonText } from '../../src/admin/proto-json.ts';
import { schemaOf } from '../../src/api/registry.ts';

const bootstrapSchema = schemaOf('envoy.config.bootstrap.v3.Bootstrap');
const bootstrap = fromJson(bootstrapSchema, {
  node: { id: 'me', cluster: 'us', metadata: { a: 1 } },
  admin: { address: { socket_address: { address: '127.0.0.1', port_value: 1 } } },
  static_resources: { clusters: [{ name: 'c' }] },
});

const trimmed = (mask: string): unknown => {
  const rest = trimMessage(bootstrapSchema, bootstrap, parseFieldMask(mask));
  return rest && JSON.parse(protoJsonText(bootstrapSchema, rest));
};

describe('a field mask', () => {
  it('keeps what it names, whole or in part', () => {
    expect(trimmed('node.id')).toEqual({ node: { id: 'me' } });
    expect(trimmed('node,static_resources.clusters')).toEqual({
      node: { id: 'me', cluster: 'us', metadata: { a: 1 } },
      static_resources: { clusters: [{ name: 'c' }] },
    });
    expect(trimmed('admin.address.socket_address.address')).toEqual({ admin: { address: { socket_address: { address: '127.0.0.1' } } } });
    for (const mask of ['node.id,node', 'node,node.id', 'node,node']) expect(trimmed(mask)).toEqual({ node: { id: 'me', cluster: 'us', metadata: { a: 1 } } });
  });

  it('fits nothing when a field is unknown or a repeated one is gone through', () => {
    expect(trimmed('nothing')).toBeUndefined();
    expect(trimmed('static_resources.clusters.name')).toBeUndefined();
  });

  it('leaves the message as it was', () => {
    trimmed('node.id');
    expect(bootstrap.node?.cluster).toBe('us');
  });

  it('goes on inside an Any of a resource', () => {
    const schema = schemaOf('envoy.admin.v3.ClustersConfigDump.StaticCluster');
    const cluster = new HeldAny(schemaOf('envoy.config.cluster.v3.Cluster'), create(schemaOf('envoy.config.cluster.v3.Cluster'), { name: 'c', altStatName: 'd' }));
    const resource = create(schema, { cluster, lastUpdated: { seconds: 1n } });
    const print = (mask: string): unknown => {
      const rest = trimResource(schema, resource, parseFieldMask(mask));
      return rest && JSON.parse(protoJsonText(schema, rest));
    };
    const type = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
    expect(print('cluster.name')).toEqual({ cluster: { '@type': type, name: 'c' } });
    expect(print('cluster')).toEqual({ cluster: { '@type': type, name: 'c', alt_stat_name: 'd' } });
    expect(print('cluster.nothing')).toBeUndefined();
  });

  it('is printed as protobuf prints it for people', () => {
    expect(fieldMaskText(['a.b', 'c'])).toBe('goo.gle/debugproto  \npaths: "a.b"\npaths: "c"\n');
  });
});
