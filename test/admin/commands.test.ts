import { create, fromJson } from '@bufbuild/protobuf';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/admin/commands.ts';
import { Dispatch } from '../../src/admin/dispatch.ts';
import { protoJsonText } from '../../src/admin/proto-json.ts';
import { apiTypes, schemaOf } from '../../src/api/registry.ts';
import { FakeHost, ORIGIN } from './fake-host.ts';

interface Recorded {
  readonly request: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: readonly string[];
}

/** What the real Envoy answered. */
const recorded = (name: string): readonly Recorded[] => {
  const file = new URL('../conformance/cases/admin/recorded/endpoints.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8'))[name].answer.admin;
};

interface Answer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly body: string;
}

async function ask(host: FakeHost, method: string, target: string, form = ''): Promise<Answer> {
  const { status, contentType, body } = await new Dispatch({ host }).answer(method, target, form);
  let text = '';
  for await (const chunk of typeof body === 'string' ? [body] : body) text += chunk;
  return { status, contentType, body: text };
}

const get = async (target: string, host = new FakeHost()): Promise<Answer> => ask(host, 'GET', target);

describe('an admin command', () => {
  it('shows what TLS contexts were made from', async () => {
    const { body } = await get('/certs');
    const details = {
      path: '<inline>',
      serial_number: '03',
      subject_alt_names: [{ dns: 'example.com' }, { ip_address: '::1' }],
      days_until_expiration: '0',
      valid_from: '2020-01-01T00:00:00Z',
      expiration_time: '2021-01-01T00:00:00Z',
    };
    expect(JSON.parse(body)).toEqual({ certificates: [{ ca_cert: [], cert_chain: [details] }] });
  });

  it.each(['help', 'unknown-path', 'unknown-path-post', 'post-only', 'ready', 'contention', 'hot-restart-version', 'reopen-logs'])(
    'answers as Envoy was recorded: %s',
    async (name) => {
      for (const { request, status, headers, body } of recorded(name)) {
        const [method = '', target = ''] = request.split(' ');
        if (method === 'HEAD') continue;
        expect(await ask(new FakeHost(), method, target)).toEqual({ status, contentType: headers['content-type'], body: body.join('\n') });
      }
    },
  );

  it('exists for every line of the list, and answers with a known status', async () => {
    for (const { path } of COMMANDS) {
      const { status, contentType } = await ask(new FakeHost(), 'POST', path);
      expect([200, 400, 500, 501, 503], path).toContain(status);
      expect(contentType).toMatch(/^(text\/plain|text\/html|application\/json)/);
    }
  });

  it('that changes something does so with POST only', async () => {
    const host = new FakeHost();
    for (const command of COMMANDS) {
      if (!('mutates' in command)) continue;
      for (const method of ['GET', 'PUT', 'DELETE', 'HEAD']) expect((await ask(host, method, command.path)).status).toBe(405);
    }
    expect(host.done).toEqual([]);
  });

  it('is refused with 403 when its path with its query is not allowed', async () => {
    const dispatch = new Dispatch({ host: new FakeHost(), allowsPath: (path) => path === '/ready' });
    const answers = ['/ready', '//ready', '/ready?x=1', '/nothing', '/quitquitquit'].map((target) => dispatch.answer('GET', target, ''));
    expect(await Promise.all(answers)).toMatchObject([
      { status: 200 },
      { status: 200 },
      { status: 403, body: 'request to path /ready?x=1 not allowed' },
      { status: 403 },
      { status: 403 },
    ]);
  });
});

describe('/ready', () => {
  it('is 503 with the state unless the server is LIVE', async () => {
    const host = new FakeHost();
    for (const state of ['DRAINING', 'PRE_INITIALIZING', 'INITIALIZING'] as const) {
      host.serverState = state;
      expect(await get('/ready', host)).toMatchObject({ status: 503, body: `${state}\n` });
    }
  });
});

describe('/clusters', () => {
  const recordedText = recorded('clusters')[0]!.body.join('\n').replaceAll('{{port:origin}}', '8080');

  it('is the text that Envoy prints', async () => {
    const host = new FakeHost();
    host.counted.set('origin/8080', new Map([['cx_active', 1], ['cx_total', 1], ['rq_success', 1], ['rq_total', 1]]));
    expect((await get('/clusters', host)).body).toBe(recordedText);
  });

  it('is the JSON that Envoy prints', async () => {
    const { body } = await get('/clusters?format=json');
    const expected = recorded('clusters-before-any-request')[1]!.body;
    expect(JSON.parse(body)).toEqual(JSON.parse(expected.join('\n').replaceAll('{{port:origin}}', '8080')));
    const schema = schemaOf('envoy.admin.v3.Clusters');
    expect(body).toBe(protoJsonText(schema, fromJson(schema, JSON.parse(body))));
    expect((await get('/clusters?format=json&filter=none')).body).toBe('{}\n');
  });

  it('shows the clusters whose names a pattern is found in', async () => {
    expect((await get('/clusters?filter=rig')).body).not.toBe('');
    expect((await get('/clusters?filter=none')).body).toBe('');
    expect(await get('/clusters?filter=(')).toMatchObject({ status: 400, body: 'Invalid re2 regex' });
  });

  it('shows no limit as the greatest number of the field', async () => {
    const host = new FakeHost();
    const endless = { ...ORIGIN.breakers[0], maxRequests: Number.MAX_SAFE_INTEGER };
    host.clusters = () => [{ ...ORIGIN, breakers: [endless, endless] }];
    expect((await get('/clusters', host)).body).toContain('origin::default_priority::max_requests::4294967295\n');
    expect((await get('/clusters?format=json', host)).body).toContain('"max_requests": 4294967295');
  });
});

describe('/listeners', () => {
  it('is a line for each address of a listener, or JSON', async () => {
    expect((await get('/listeners')).body).toBe('ingress::127.0.0.1:10000\ningress::127.0.0.2:10000\n');
    const at = (address: string) => ({ socket_address: { address, port_value: 10000 } });
    const status = { name: 'ingress', local_address: at('127.0.0.1'), additional_local_addresses: [at('127.0.0.2')] };
    expect(JSON.parse((await get('/listeners?format=json')).body)).toEqual({ listener_statuses: [status] });
  });
});

describe('/server_info', () => {
  it('has every field, set or not, and is read back by the API', async () => {
    const { body } = await get('/server_info');
    const info = JSON.parse(body);
    expect(info).toMatchObject({ version: 'abc/1.40.0/Clean/RELEASE/OpenSSL', state: 'LIVE', uptime_current_epoch: '12s', hot_restart_version: 'disabled' });
    expect(info.command_line_options).toMatchObject({ concurrency: 2, drain_time: '600s', drain_strategy: 'Gradual', disabled_extensions: [] });
    expect(info.node).toMatchObject({ id: 'me', cluster: '', user_agent_name: 'envoy' });
    expect(fromJson(schemaOf('envoy.admin.v3.ServerInfo'), info, { registry: apiTypes }).commandLineOptions?.concurrency).toBe(2);
  });
});

describe('/stats', () => {
  it('has the forms that the parameters ask for', async () => {
    expect((await get('/stats')).body).toBe('http.ingress.downstream_cx_active: 0\nhttp.ingress.downstream_rq_total: 1\n');
    expect(JSON.parse((await get('/stats?format=json&filter=total')).body)).toEqual({ stats: [{ name: 'http.ingress.downstream_rq_total', value: 1 }] });
    expect((await get('/stats?usedonly')).body).toBe('http.ingress.downstream_rq_total: 1\n');
    expect(await get('/stats?filter=(')).toMatchObject({ status: 400, body: 'Invalid re2 regex: missing ): (' });
    expect((await get('/stats?format=prometheus&filter=rq')).body).toContain('envoy_http_downstream_rq_total{envoy_http_conn_manager_prefix="ingress"} 1\n');
  });

  it('as a page escapes what it shows', async () => {
    const host = new FakeHost();
    host.scrape.setText('<script>alert(1)</script>', '"x"');
    for (const format of ['html', 'active-html']) {
      const { body, contentType } = await get(`/stats?format=${format}&filter=%22%3E%3Cb%3E|script`, host);
      expect(contentType).toBe('text/html; charset=UTF-8');
      expect(body).not.toMatch(/<script|"><b>/);
      expect(body).toContain('&lt;script&gt;');
    }
  });

  it('for Prometheus ends with the metrics of the process, unless a filter names statistics', async () => {
    expect((await get('/stats/prometheus')).body).toMatch(/nodejs_test 1\n$/);
    expect((await get('/stats/prometheus?filter=http')).body).not.toContain('nodejs');
  });

  it('starts from 0 after /reset_counters', async () => {
    const host = new FakeHost();
    expect((await ask(host, 'POST', '/reset_counters')).body).toBe('OK\n');
    expect((await get('/stats?filter=rq_total', host)).body).toBe('http.ingress.downstream_rq_total: 0\n');
  });

  it('has a switch for look-ups that nothing makes', async () => {
    const host = new FakeHost();
    const dispatch = new Dispatch({ host });
    expect(dispatch.answer('GET', '/stats/recentlookups', '')).toMatchObject({ body: 'Lookup tracking is not enabled. Use /stats/recentlookups/enable to enable.\n\ntotal: 0\n' });
    dispatch.answer('POST', '/stats/recentlookups/enable', '');
    expect(dispatch.answer('GET', '/stats/recentlookups', '')).toMatchObject({ body: '   Count Lookup\n\ntotal: 0\n' });
  });
});

describe('/logging', () => {
  const post = (target: string, host: FakeHost): Promise<Answer> => ask(host, 'POST', target);

  it('lists the loggers', async () => {
    expect(await post('/logging', new FakeHost())).toMatchObject({ status: 200, body: 'active loggers:\n  admin: info\n  http: info\n\n' });
  });

  it('changes one, several, all', async () => {
    const host = new FakeHost();
    expect((await post('/logging?http=debug', host)).body).toContain('  http: debug\n');
    expect((await post('/logging?paths=http:trace,admin:off', host)).body).toContain('  admin: off\n  http: trace\n');
    expect((await post('/logging?level=error', host)).body).toContain('  admin: error\n  http: error\n');
  });

  it.each([
    ['level=loud', 'unknown logger level'],
    ['none=debug', 'unknown logger name'],
    ['level=debug&http=info', 'invalid number of parameters'],
    ['paths=http', 'empty logger name or empty logger level'],
    ['paths=http:debug,none:info', 'unknown logger name'],
    ['group=http:debug', 'group parameter requires fine-grain logging to be enabled'],
  ])('changes nothing for %s', async (query, mistake) => {
    const host = new FakeHost();
    const { status, body } = await post(`/logging?${query}`, host);
    expect(status).toBe(400);
    expect(body).toMatch(new RegExp(`^error: ${mistake}\n\nusage: /logging`));
    expect([...host.levels.values()]).toEqual(['info', 'info']);
  });
});

describe('/runtime', () => {
  const layered = (): FakeHost => {
    const host = new FakeHost();
    host.layers = [
      { name: 'static', entries: new Map([['some.key', { text: '5' }]]) },
      { name: 'admin', entries: new Map() },
    ];
    return host;
  };

  it('shows every layer, and what /runtime_modify changes', async () => {
    const host = layered();
    expect(await ask(host, 'POST', '/runtime_modify?some.key=7&new.key=1')).toMatchObject({ status: 200, body: 'OK\n' });
    expect(JSON.parse((await get('/runtime', host)).body)).toEqual({
      layers: ['static', 'admin'],
      entries: { 'new.key': { layer_values: ['', '1'], final_value: '1' }, 'some.key': { layer_values: ['5', '7'], final_value: '7' } },
    });
  });

  it('takes the parameters from a form when the query has none', async () => {
    const host = layered();
    await ask(host, 'POST', '/runtime_modify', 'a=1');
    await ask(host, 'POST', '/runtime_modify?b=1', 'c=1');
    expect([...host.layers[1]!.entries.keys()]).toEqual(['a', 'b']);
  });

  it('cannot be changed without parameters or without an admin layer', async () => {
    expect(await ask(layered(), 'POST', '/runtime_modify')).toMatchObject({ status: 400, body: recorded('runtime-modify').at(-1)!.body.join('\n') });
    expect(await ask(new FakeHost(), 'POST', '/runtime_modify?a=1')).toMatchObject({ status: 503, body: 'No admin layer specified' });
  });
});

describe('/config_dump', () => {
  const schema = schemaOf('envoy.config.bootstrap.v3.Bootstrap');
  const host = new FakeHost();
  host.bootstrap = fromJson(schema, {
    static_resources: {
      clusters: [{ name: 'origin' }, { name: 'other' }],
      listeners: [
        {
          name: 'ingress',
          filter_chains: [
            {
              filters: [
                {
                  name: 'hcm',
                  typed_config: {
                    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
                    route_config: { name: 'local' },
                  },
                },
              ],
            },
          ],
        },
      ],
    },
  }, { registry: apiTypes });
  const dump = async (query: string): Promise<Record<string, unknown>[]> => JSON.parse((await get(`/config_dump${query}`, host)).body).configs ?? [];
  const typesOf = (configs: Record<string, unknown>[]): string[] => configs.map((config) => String(config['@type']).split('.').pop()!);

  it('has the dumps in Envoy order, endpoints when asked for', async () => {
    const all = ['BootstrapConfigDump', 'ClustersConfigDump', 'ListenersConfigDump', 'ScopedRoutesConfigDump', 'RoutesConfigDump', 'SecretsConfigDump'];
    expect(typesOf(await dump(''))).toEqual(all);
    expect(typesOf(await dump('?include_eds'))).toEqual([...all.slice(0, 2), 'EndpointsConfigDump', ...all.slice(2)]);
  });

  it('shows the node as it was configured, with what the proxy adds', async () => {
    host.bootstrap = { ...host.bootstrap, node: create(schemaOf('envoy.config.core.v3.Node'), { id: 'configured', locality: { zone: 'z' } }) };
    const [{ bootstrap }] = (await dump('?mask=bootstrap.node')) as [{ bootstrap: { node: object } }];
    expect(bootstrap.node).toMatchObject({ id: 'configured', locality: { zone: 'z' }, user_agent_name: 'envoy' });
    expect(bootstrap.node).not.toHaveProperty('cluster');
  });

  it('does not say since when secrets of the bootstrap are there', async () => {
    const staticResources = { ...host.bootstrap.staticResources!, secrets: [create(schemaOf('envoy.extensions.transport_sockets.tls.v3.Secret'), { name: 's' })] };
    host.bootstrap = { ...host.bootstrap, staticResources };
    expect(await dump('?resource=static_secrets')).toMatchObject([{ name: 's' }]);
    expect((await dump('?resource=static_secrets'))[0]).not.toHaveProperty('last_updated');
  });

  it('tells of an endpoint what the load balancer makes of it, and its metadata', async () => {
    const one = ORIGIN.hosts[0]!;
    const hosts = [{ ...one, edsHealth: 'DRAINING' as const, metadata: { 'envoy.lb': { canary: true } } }, { ...one, metadata: {} }, { ...one, edsHealth: 'DEGRADED' as const }];
    host.clusters = () => [{ ...ORIGIN, hosts }];
    const [{ endpoint_config: config }] = (await dump('?include_eds&resource=static_endpoint_configs')) as [{ endpoint_config: { endpoints: { lb_endpoints: object[] }[] } }];
    const [draining, found, degraded] = config.endpoints[0]!.lb_endpoints;
    expect(draining).toMatchObject({ health_status: 'UNHEALTHY', metadata: { filter_metadata: { 'envoy.lb': { canary: true } } } });
    expect(found).toMatchObject({ health_status: 'HEALTHY', metadata: {} });
    expect(degraded).toMatchObject({ health_status: 'DEGRADED' });
    expect(degraded).not.toHaveProperty('metadata');
  });

  it('tells when it was taken in whole milliseconds', async () => {
    expect((await dump(''))[1]).toMatchObject({ static_clusters: [{ last_updated: '2026-01-02T03:04:05.678Z' }, {}] });
  });

  it('is read back by the API', async () => {
    const { body } = await get('/config_dump?include_eds', host);
    expect(fromJson(schemaOf('envoy.admin.v3.ConfigDump'), JSON.parse(body), { registry: apiTypes }).configs).toHaveLength(7);
  });

  it('gives the members of a repeated field, by name and mask', async () => {
    expect(await dump('?resource=static_clusters&name_regex=o.*r&mask=cluster.name')).toEqual([
      {
        '@type': 'type.googleapis.com/envoy.admin.v3.ClustersConfigDump.StaticCluster',
        cluster: { '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster', name: 'other' },
      },
    ]);
    expect(await dump('?resource=static_route_configs')).toMatchObject([{ route_config: { name: 'local' } }]);
    expect(await dump('?resource=dynamic_listeners')).toEqual([]);
  });

  it.each([
    ['resource=nothing', 404, 'nothing not found in config dump'],
    ['resource=static_endpoint_configs', 404, 'static_endpoint_configs not found in config dump'],
    ['resource=bootstrap', 400, 'bootstrap is not a repeated field. Use ?mask=bootstrap to get only this field'],
    ['mask=zzz', 400, 'FieldMask zzz could not be successfully applied to any configs.'],
    ['resource=static_clusters&mask=zzz', 400, 'FieldMask goo.gle/debugproto  \npaths: "zzz"\n could not be successfully used.'],
    ['name_regex=(', 400, 'INVALID_ARGUMENT: Error while parsing name_regex from (: missing ): ('],
  ])('answers %s as Envoy does', async (query, status, body) => {
    expect(await get(`/config_dump?${query}`, host)).toEqual({ status, contentType: 'text/plain', body });
  });

  it('shows a bootstrap that says nothing', async () => {
    const empty = new FakeHost();
    empty.bootstrap = create(schema);
    expect(JSON.parse((await get('/config_dump', empty)).body).configs).toHaveLength(6);
  });
});

describe('a command that acts on the process', () => {
  it('tells it what was asked for', async () => {
    const host = new FakeHost();
    for (const target of ['/healthcheck/fail', '/healthcheck/ok', '/drain_listeners', '/drain_listeners?graceful&skip_exit&inboundonly', '/reopen_logs']) {
      expect(await ask(host, 'POST', target)).toMatchObject({ status: 200, body: 'OK\n' });
    }
    expect(host.done).toEqual([
      ['fail', true],
      ['fail', false],
      ['drain', { graceful: false, skipExit: false, inboundOnly: false }],
      ['drain', { graceful: true, skipExit: true, inboundOnly: true }],
      'reopen',
    ]);
  });
});
