import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { ConfigurationError } from '../../src/server/configuration-error.ts';
import { Proxy } from '../../src/server/proxy.ts';

const EXTENSIONS = 'type.googleapis.com/envoy.extensions.filters';

/** One route to a weighted cluster whose weight can be overridden by `weights.origin`. */
function bootstrap(weight: number, values: object, route: object = { prefix: '/' }): object {
  const action = { weighted_clusters: { runtime_key_prefix: 'weights', clusters: [{ name: 'origin', weight }] } };
  const manager = {
    '@type': `${EXTENSIONS}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'ingress',
    route_config: { name: 'routes', virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: route, route: action }] }] },
    http_filters: [{ name: 'router', typed_config: { '@type': `${EXTENSIONS}.http.router.v3.Router` } }],
  };
  return {
    layered_runtime: { layers: [{ name: 'static', static_layer: values }, { name: 'admin', admin_layer: {} }] },
    static_resources: {
      listeners: [
        {
          name: 'ingress',
          address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
          filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }],
        },
      ],
      clusters: [{ name: 'origin', type: 'STATIC', load_assignment: { cluster_name: 'origin' } }],
    },
  };
}

const validate = (config: object): void => Proxy.validate({ yaml: JSON.stringify(config) });

afterEach(() => vi.unstubAllGlobals());

// V8 does not count it as memory that is in use, so what each reload took would pile up until it collects for other reasons.
test('judging takes no shared memory', () => {
  const taken: number[] = [];
  const Real = SharedArrayBuffer;
  vi.stubGlobal('SharedArrayBuffer', function shared(bytes: number) {
    taken.push(bytes);
    return new Real(bytes);
  });
  new SharedArrayBuffer(8);
  validate(bootstrap(5, {}));
  expect(taken).toEqual([8]);
});

const NO_WEIGHT = /Sum of weights in the weighted_cluster must be greater than 0/;

describe('a configuration is judged with the runtime that its own layers give', () => {
  test('where that makes it good', () => {
    expect(() => validate(bootstrap(0, {}))).toThrow(NO_WEIGHT);
    expect(() => validate(bootstrap(0, { weights: { origin: 5 } }))).not.toThrow();
  });

  test('where that makes it bad', () => {
    expect(() => validate(bootstrap(5, {}))).not.toThrow();
    expect(() => validate(bootstrap(5, { weights: { origin: 0 } }))).toThrow(NO_WEIGHT);
    const regex = { safe_regex: { regex: '/[a-z]{10}' } };
    expect(() => validate(bootstrap(5, {}, regex))).not.toThrow();
    expect(() => validate(bootstrap(5, { 're2.max_program_size.error_level': 1 }, regex))).toThrow(/RE2 program size of 15 > max program size of 1/);
  });
});

describe('a reload', () => {
  async function withProxy(config: object, use: (proxy: Proxy, reload: (config: object) => Promise<unknown>) => Promise<void>): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'nuncio-judge-'));
    const path = join(folder, 'bootstrap.json');
    writeFileSync(path, JSON.stringify(config));
    const proxy = await Proxy.start({ path, transport: 'public' });
    try {
      await use(proxy, (next) => {
        writeFileSync(path, JSON.stringify(next));
        return proxy.reload();
      });
    } finally {
      await proxy.close();
      rmSync(folder, { recursive: true });
    }
  }

  const staticValue = (proxy: Proxy): unknown => proxy.runtimeLayers()[0]!.entries.get('weights.origin')?.value;

  test('compiles its listeners with its own layers', async () => {
    await withProxy(bootstrap(5, {}), async (proxy, reload) => {
      await reload(bootstrap(0, { weights: { origin: 5 } }));
      expect(staticValue(proxy)).toBe(5);
    });
  });

  test('that is refused keeps the layers that run', async () => {
    await withProxy(bootstrap(5, { weights: { origin: 7 } }), async (proxy, reload) => {
      await expect(reload(bootstrap(5, { weights: { origin: 0 } }))).rejects.toThrow(NO_WEIGHT);
      expect(staticValue(proxy)).toBe(7);
    });
  });

  test('is judged with what the admin interface has set', async () => {
    await withProxy(bootstrap(5, {}), async (proxy, reload) => {
      expect(proxy.modifyRuntime(new Map([['weights.origin', '0']]))).toBe(true);
      await expect(reload(bootstrap(6, {}))).rejects.toThrow(NO_WEIGHT);
    });
  });
});

describe('what follows from a feature that is not supported is not told', () => {
  const listener = (more: object): object => ({
    static_resources: { listeners: [{ name: 'l', address: { socket_address: { address: '127.0.0.1', port_value: 0 } }, filter_chains: [{ filters: [] }], ...more }] },
  });
  const cluster = (more: object): object => ({ static_resources: { clusters: [{ name: 'c', ...more }] } });
  const internal = { envoy_internal_address: { server_listener_name: 'l' } };

  test.each([
    ['an internal listener has no address', listener({ address: undefined, internal_listener: {} }), ['internal_listener']],
    ['a resolver knows what an address means', listener({ address: { socket_address: { address: 'rc://x', port_value: 0, resolver_name: 'r' } } }), ['resolver_name']],
    ['original destinations bring their load balancer', cluster({ type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED' }), ['type']],
    ['so may an extension', cluster({ cluster_type: { name: 'x' }, lb_policy: 'CLUSTER_PROVIDED' }), ['cluster_type']],
    [
      'parameters of TLS are looked at when a secret comes',
      cluster({
        transport_socket: {
          name: 'tls',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
            common_tls_context: { tls_params: { ecdh_curves: ['x'], signature_algorithms: ['x'] }, validation_context_sds_secret_config: { name: 's', sds_config: { ads: {} } } },
          },
        },
      }),
      ['ads'],
    ],
    [
      'an internal listener is an endpoint',
      cluster({ type: 'STATIC', load_assignment: { cluster_name: 'c', endpoints: [{ lb_endpoints: [{ endpoint: { address: internal } }] }] } }),
      ['envoy_internal_address'],
    ],
  ])('%s', (_, config, fields) => {
    let problems: readonly { readonly path: string }[] = [];
    try {
      validate(config);
    } catch (error) {
      ({ problems } = error as ConfigurationError);
    }
    expect(problems.map(({ path }) => path.slice(path.lastIndexOf('.') + 1))).toEqual(fields);
  });
});

describe('static secrets', () => {
  const secrets = (...list: object[]): object => ({ static_resources: { secrets: list } });

  test('of different kinds may have one name', () => {
    expect(() => validate(secrets({ name: 'a', tls_certificate: {} }, { name: 'a', validation_context: {} }))).not.toThrow();
  });

  test('need a kind, and a name of their own within it', () => {
    expect(() => validate(secrets({ name: 'a' }))).toThrow(/secrets\[0\]: A secret without a type; set one of /);
    expect(() => validate(secrets({ name: 'a', generic_secret: {} }, { name: 'a', generic_secret: {} }))).toThrow(
      /secrets\[1\]\.name: Duplicate static GenericSecret secret name a; /,
    );
  });
});
