import { create, fromJson, type JsonValue } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { HeldAny } from '../../src/admin/held-any.ts';
import { protoJson, protoJsonText } from '../../src/admin/proto-json.ts';
import type { ApiMessages } from '../../src/api/generated/names.ts';
import { apiTypes, schemaOf } from '../../src/api/registry.ts';

/** JSON in Envoy's shape, read and printed again. */
function printed(typeName: keyof ApiMessages, json: JsonValue): unknown {
  const schema = schemaOf(typeName);
  return JSON.parse(protoJsonText(schema, fromJson(schema, json, { registry: apiTypes })));
}

const LISTENER = {
  name: 'ingress',
  address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
  traffic_direction: 'INBOUND',
  per_connection_buffer_limit_bytes: 1024,
  filter_chains: [
    {
      filters: [
        {
          name: 'hcm',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
            stat_prefix: 'x',
            request_timeout: '1.500s',
            stream_idle_timeout: '0.000000001s',
            common_http_protocol_options: { idle_timeout: '3600s' },
            route_config: { name: 'r', virtual_hosts: [{ name: 'v', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'c', timeout: '0s' } }] }] },
          },
        },
      ],
    },
  ],
};

describe('a message as the admin interface prints it', () => {
  it('has proto field names, opened Anys, durations and wrappers as they were configured', () => {
    expect(printed('envoy.config.listener.v3.Listener', LISTENER)).toEqual(LISTENER);
  });

  it('is indented by one space, fields by number, nothing that is not set', () => {
    const schema = schemaOf('envoy.admin.v3.SimpleMetric');
    expect(protoJsonText(schema, create(schema, { name: 'n', type: 1, value: 7n }))).toBe('{\n "type": "GAUGE",\n "value": "7",\n "name": "n"\n}\n');
    expect(protoJsonText(schema, create(schema))).toBe('{}\n');
  });

  it('has every scalar and list when defaults are asked for', () => {
    const schema = schemaOf('envoy.admin.v3.Listeners');
    expect(protoJsonText(schema, create(schema), { defaults: true })).toBe('{\n "listener_statuses": []\n}\n');
    const metric = schemaOf('envoy.admin.v3.SimpleMetric');
    expect(JSON.parse(protoJsonText(metric, create(metric), { defaults: true }))).toEqual({ type: 'COUNTER', value: '0', name: '' });
  });

  it('keeps Structs, with null and nesting', () => {
    const node = { id: 'a', metadata: { list: ['x', null, 1.5, { deep: true }], empty: {}, none: [] } };
    expect(printed('envoy.config.core.v3.Node', node)).toEqual(node);
  });

  it('writes numbers as C does', () => {
    const schema = schemaOf('envoy.config.core.v3.Node');
    const message = create(schema, { metadata: { small: 1e-7, large: 1e20, third: 33.333333333333336, whole: 5, none: null, yes: true } });
    const text = protoJsonText(schema, message);
    for (const number of ['1e-07', '1e+20', '33.333333333333336', '5', 'null', 'true']) expect(text).toContain(`: ${number}`);
    const percent = schemaOf('envoy.type.v3.Percent');
    expect(protoJsonText(percent, create(percent, { value: 12.3 }))).toBe('{\n "value": 12.3\n}\n');
  });

  it('names an Any of an unknown type and shows its bytes', () => {
    const schema = schemaOf('envoy.config.core.v3.TypedExtensionConfig');
    const message = create(schema, { name: 'x', typedConfig: { typeUrl: 'type.googleapis.com/none.Such', value: new Uint8Array([1, 2]) } });
    expect(JSON.parse(protoJsonText(schema, message))).toEqual({ name: 'x', typed_config: { '@type': 'type.googleapis.com/none.Such', value: 'AQI=' } });
  });

  it('puts the value of a well-known type in an Any under a key', () => {
    const any = { '@type': 'type.googleapis.com/google.protobuf.Duration', value: '1.250s' };
    expect(printed('envoy.config.core.v3.TypedExtensionConfig', { name: 'x', typed_config: any })).toEqual({ name: 'x', typed_config: any });
  });

  it('escapes what could end a script element', () => {
    const schema = schemaOf('envoy.admin.v3.SimpleMetric');
    expect(protoJsonText(schema, create(schema, { name: '</script>\u2028' }))).toContain('"\\u003c/script\\u003e\\u2028"');
  });

  it('redacts sensitive strings and bytes at any depth, also in a TypedStruct', () => {
    const secret = schemaOf('envoy.extensions.transport_sockets.tls.v3.Secret');
    const tls = {
      name: 's',
      tls_certificate: { certificate_chain: { inline_string: 'public' }, private_key: { inline_string: 'hush' }, password: { inline_bytes: 'aHVzaA==' } },
    };
    expect(printed('envoy.extensions.transport_sockets.tls.v3.Secret', tls)).toEqual({
      name: 's',
      tls_certificate: { certificate_chain: { inline_string: 'public' }, private_key: { inline_string: '[redacted]' }, password: { inline_bytes: 'W3JlZGFjdGVkXQ==' } },
    });
    const struct = {
      '@type': 'type.googleapis.com/xds.type.v3.TypedStruct',
      type_url: `type.googleapis.com/${secret.typeName}`,
      value: tls,
    };
    expect(JSON.stringify(printed('envoy.config.core.v3.TypedExtensionConfig', { name: 'x', typed_config: struct }))).not.toContain('hush');
  });

  it('comes in chunks when it is large', () => {
    const cluster = schemaOf('envoy.config.cluster.v3.Cluster');
    const configs = Array.from({ length: 5000 }, (_, index) => new HeldAny(cluster, create(cluster, { name: `cluster-${index}`, altStatName: 'x'.repeat(20) })));
    const schema = schemaOf('envoy.admin.v3.ConfigDump');
    const chunks = [...protoJson(schema, create(schema, { configs }))];
    expect(chunks.length).toBeGreaterThan(5);
    expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThan(100_000);
    expect(JSON.parse(chunks.join('')).configs).toHaveLength(5000);
  });
});
