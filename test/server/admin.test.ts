import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/admin/commands.ts';
import { type RunningProxy, startProxy } from '../../src/index.ts';

const socket = (port: number): object => ({ socket_address: { address: '127.0.0.1', port_value: port } });
const typed = (type: string, fields: object = {}): object => ({ typed_config: { '@type': `type.googleapis.com/envoy.extensions.filters.${type}`, ...fields } });

let origin: Server;
let running: RunningProxy | undefined;

beforeAll(async () => {
  origin = createServer((_request, response) => response.end('ok\n'));
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
});
afterAll(() => void origin.close());
afterEach(async () => {
  await running?.close();
  running = undefined;
});

const listener = (name: string, fields: object = {}): object => ({
  name,
  address: socket(0),
  filter_chains: [
    {
      filters: [
        {
          name: 'http',
          ...typed('network.http_connection_manager.v3.HttpConnectionManager', {
            stat_prefix: name,
            route_config: { name: `${name}-routes`, virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'origin' } }] }] },
            http_filters: [{ name: 'router', ...typed('http.router.v3.Router') }],
          }),
        },
      ],
    },
  ],
  ...fields,
});

const bootstrap = (fields: object = {}, listeners = [listener('ingress')]): object => ({
  node: { id: 'me', cluster: 'us', locality: { zone: 'z' } },
  admin: { address: socket(0) },
  layered_runtime: { layers: [{ name: 'static', static_layer: { 'some.key': 5 } }, { name: 'admin', admin_layer: {} }] },
  static_resources: {
    listeners,
    clusters: [
      {
        name: 'origin',
        load_assignment: { cluster_name: 'origin', endpoints: [{ lb_endpoints: [{ endpoint: { address: socket((origin.address() as AddressInfo).port) } }] }] },
      },
    ],
  },
  ...fields,
});

const start = async (config = bootstrap(), concurrency = 1): Promise<RunningProxy> => (running = await startProxy({ config, concurrency }));
const adminUrl = (path: string): string => `http://127.0.0.1:${running!.adminAddress!.port}${path}`;
const admin = (path: string, method = 'GET'): Promise<Response> => fetch(adminUrl(path), { method });
const text = async (path: string, method = 'GET'): Promise<string> => (await admin(path, method)).text();
const proxied = (name = 'ingress'): Promise<Response> => fetch(`http://127.0.0.1:${running!.addresses.get(name)!.port}/`);

describe.each([1, 2])('the admin interface of a proxy with %i workers', (concurrency) => {
  it('answers every command that changes nothing, with Envoy status and content type', async () => {
    await start(bootstrap(), concurrency);
    await (await proxied()).text();
    for (const command of COMMANDS) {
      if ('mutates' in command) continue;
      const response = await admin(command.path);
      const unsupported = ['/heap_dump', '/peak_heap_dump', '/memory/tcmalloc'].includes(command.path);
      expect(response.status, command.path).toBe(unsupported ? 501 : 200);
      expect(response.headers.get('server')).toBe('envoy');
      const body = await response.text();
      if (response.headers.get('content-type') === 'application/json') JSON.parse(body);
      expect(body).not.toBe('');
    }
  });

  it('counts what the workers served, per statistic and per endpoint', async () => {
    await start(bootstrap(), concurrency);
    for (let i = 0; i < 3; i++) await (await proxied()).text();
    await expect.poll(() => text('/stats?filter=^http.ingress.downstream_rq_total$')).toBe('http.ingress.downstream_rq_total: 3\n');
    expect(await text('/clusters')).toMatch(/origin::127\.0\.0\.1:\d+::rq_total::3\n/);
    expect(await text('/stats')).not.toMatch(/^\n|\norigin\n/);
    const metrics = await text('/stats/prometheus');
    expect(metrics).toContain('envoy_http_downstream_rq_total{envoy_http_conn_manager_prefix="ingress"} 3\n');
    expect(metrics).toMatch(/^nodejs_eventloop_lag_seconds /m);
    expect(metrics.match(/^nuncio_worker_event_loop_utilization\{/gm)).toHaveLength(concurrency);
    expect(await text('/reset_counters', 'POST')).toBe('OK\n');
    expect(await text('/stats?filter=^http.ingress.downstream_rq_total$')).toBe('http.ingress.downstream_rq_total: 0\n');
  });
});

describe('the admin interface', () => {
  it('is not there without an address', async () => {
    await start(bootstrap({ admin: {} }));
    expect(running!.adminAddress).toBeUndefined();
  });

  it('tells node, transport and command line', async () => {
    await start();
    const info = JSON.parse(await text('/server_info'));
    expect(info.node).toMatchObject({ id: 'me', cluster: 'us', locality: { zone: 'z' }, user_agent_name: 'envoy' });
    expect(info.node.user_agent_build_version.metadata['nuncio.transport']).toMatch(/^(direct|public)$/);
    expect(info.node.extensions).toContainEqual(expect.objectContaining({ name: 'envoy.filters.http.router', category: 'envoy.filters.http' }));
    expect(info.command_line_options).toMatchObject({ drain_time: '600s', mode: 'Serve' });
  });

  it('shows the configuration that runs', async () => {
    await start();
    const { configs } = JSON.parse(await text('/config_dump?include_eds'));
    expect(configs[0].bootstrap.static_resources.clusters[0].name).toBe('origin');
    expect(configs[0].bootstrap.node.user_agent_name).toBe('envoy');
    expect(configs[2].static_endpoint_configs[0].endpoint_config.cluster_name).toBe('origin');
    expect(configs[3].static_listeners[0].listener.name).toBe('ingress');
    expect(configs[5].static_route_configs[0].route_config.name).toBe('ingress-routes');
  });

  it('changes the runtime', async () => {
    await start();
    expect(await text('/runtime_modify?some.key=7', 'POST')).toBe('OK\n');
    expect(JSON.parse(await text('/runtime')).entries['some.key']).toEqual({ layer_values: ['5', '7'], final_value: '7' });
    expect(await text('/stats?filter=^runtime.admin_overrides_active')).toBe('runtime.admin_overrides_active: 1\n');
  });

  it('allows the paths that are listed', async () => {
    await start(bootstrap({ admin: { address: socket(0), allow_paths: [{ exact: '/ready' }, { safe_regex: { regex: '/stats.*' } }] } }));
    expect((await admin('/ready')).status).toBe(200);
    expect((await admin('/stats?usedonly')).status).toBe(200);
    // Nothing was changed, nothing deprecated was seen.
    expect(await text('/stats?usedonly&filter=^(listener_manager.listener_|runtime.deprecated)')).toBe('listener_manager.listener_added: 1\nlistener_manager.listener_create_success: 1\n');
    expect((await admin('/quitquitquit', 'POST')).status).toBe(403);
  });

  it('makes health checks fail, and pass again', async () => {
    await start();
    await admin('/healthcheck/fail', 'POST');
    expect(await text('/ready')).toBe('DRAINING\n');
    expect(await text('/stats?filter=^server.live')).toBe('server.live: 0\n');
    expect((await proxied()).headers.get('connection')).toBe('close');
    await admin('/healthcheck/ok', 'POST');
    expect(await text('/ready')).toBe('LIVE\n');
    expect((await proxied()).headers.get('connection')).not.toBe('close');
  });

  it('stops listening when told so, and not when told to keep on', async () => {
    await start();
    expect(await text('/drain_listeners?graceful', 'POST')).toBe('OK\n');
    expect(await text('/drain_listeners?skip_exit', 'POST')).toBe('OK\n');
    expect((await proxied()).status).toBe(200);
    expect(await text('/drain_listeners?inboundonly', 'POST')).toBe('OK\n');
    expect((await proxied()).status).toBe(200);
    expect(await text('/drain_listeners', 'POST')).toBe('OK\n');
    await expect.poll(() => fetch(`http://127.0.0.1:${running!.addresses.get('ingress')!.port}/`, { headers: { connection: 'close' } }).then(() => 'served', () => 'refused')).toBe('refused');
    expect(await text('/ready')).toBe('LIVE\n');
  });

  it('stops only inbound listeners when told so', async () => {
    await start(bootstrap({}, [listener('in', { traffic_direction: 'INBOUND' }), listener('out', { traffic_direction: 'OUTBOUND' })]));
    await admin('/drain_listeners?inboundonly', 'POST');
    await expect.poll(() => proxied('in').then(() => 'served', () => 'refused')).toBe('refused');
    expect((await proxied('out')).status).toBe(200);
  });

  it('counts a listener that it stops once', async () => {
    await start(bootstrap({}, [listener('in', { traffic_direction: 'INBOUND' }), listener('out', { traffic_direction: 'OUTBOUND' })]));
    const stopped = (): Promise<string> => text('/stats?filter=^listener_manager.listener_stopped');
    for (const query of ['?inboundonly', '?inboundonly', '']) await admin(`/drain_listeners${query}`, 'POST');
    await expect.poll(stopped).toBe('listener_manager.listener_stopped: 2\n');
    await admin('/drain_listeners', 'POST');
    await expect.poll(() => proxied('out').then(() => 'served', () => 'refused')).toBe('refused');
    expect(await stopped()).toBe('listener_manager.listener_stopped: 2\n');
  });

  it('ends the proxy after its answer', async () => {
    await start();
    expect(await text('/quitquitquit', 'POST')).toBe('OK\n');
    await expect.poll(() => proxied().then(() => 'served', () => 'refused')).toBe('refused');
  });

  it('counts its own requests and logs them, with the values of Envoy', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nuncio-admin-'));
    const records = (name: string): string[] => readFileSync(join(folder, name), 'utf8').trim().split('\n');
    const log = (fields: object): object => ({ name: 'f', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog', ...fields } });
    const format = '%RESPONSE_CODE_DETAILS% %ACCESS_LOG_TYPE% %CONNECTION_ID% %BYTES_RECEIVED% %BYTES_SENT% %RESPONSE_HEADERS_BYTES% %DOWNSTREAM_WIRE_BYTES_RECEIVED% %DOWNSTREAM_WIRE_BYTES_SENT% %DOWNSTREAM_HEADER_BYTES_RECEIVED% %DOWNSTREAM_HEADER_BYTES_SENT% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %REQ(:SCHEME)% %REQ(X-FORWARDED-PROTO)% %RESP(SERVER)%\n';
    const json = log({ path: join(folder, 'detailed.log'), log_format: { text_format_source: { inline_string: format } } });
    await start(bootstrap({ admin: { address: socket(0), access_log: [json], access_log_path: join(folder, 'default.log') } }));
    const said = await new Promise<string>((resolve) => {
      let received = '';
      const client = connect(running!.adminAddress!.port, '127.0.0.1', () => client.write('GET /ready HTTP/1.1\r\nHost: localhost:21001\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n'));
      client.on('data', (bytes) => (received += bytes.toString()).endsWith('0\r\n\r\n') && client.end());
      client.on('close', () => resolve(received));
    });
    expect(said).toContain('LIVE');
    expect(await text('/nothing?a=b')).toContain('invalid path');
    await expect.poll(() => text('/stats?filter=^(http|listener).admin.*(destroy$|_total|_[24]xx|rq_active|completed)&usedonly')).toContain('http.admin.downstream_cx_destroy: 1\n');
    const stats = await text('/stats?filter=admin');
    expect(stats).toMatch(/^http.admin.downstream_cx_destroy_remote: 1$/m);
    expect(stats).toMatch(/^http.admin.downstream_cx_active: [12]$/m);
    expect(stats).toMatch(/^http.admin.downstream_rq_active: 1$/m);
    expect(stats).toMatch(/^http.admin.downstream_rq_4xx: 1$/m);
    expect(stats).toMatch(/^listener.admin.http.admin.downstream_rq_4xx: 1$/m);
    expect(stats).toMatch(/^listener.admin.main_thread.downstream_cx_total: \d$/m);
    await running!.close();
    expect(records('detailed.log')[0]).toBe('admin_filter_response DownstreamEnd 0 0 5 152 84 224 58 190 127.0.0.1 http http envoy');
    expect(records('default.log')[0]).toMatch(/^\[20.*Z\] "GET \/ready HTTP\/1.1" 200 - 0 5 \d+ - "[0-9.]+" "curl\/7.88.1" "-" "localhost:21001" "-"$/);
    expect(records('default.log')[1]).toMatch(/"GET \/nothing\?a=b HTTP\/1.1" 404 - 0 \d+ /);
    rmSync(folder, { recursive: true });
  });

  it('opens its access log again when told to', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nuncio-admin-'));
    const path = join(folder, 'admin.log');
    await start(bootstrap({ admin: { address: socket(0), access_log_path: path } }));
    await text('/ready');
    renameSync(path, `${path}.1`);
    await text('/reopen_logs', 'POST');
    await expect.poll(() => existsSync(path)).toBe(true);
    await text('/clusters');
    await running!.close();
    expect(readFileSync(path, 'utf8')).toContain('"GET /clusters HTTP/1.1" 200');
    rmSync(folder, { recursive: true });
  });

  it('refuses an access log that cannot be', async () => {
    await expect(start(bootstrap({ admin: { address: socket(0), access_log_path: '/nowhere/at/all' } }))).rejects.toThrow("admin.access_log_path: unable to open file '/nowhere/at/all': No such file or directory");
  });

  it('refuses a bootstrap whose address or paths cannot be', async () => {
    const message = (adminFields: object): Promise<string> => start(bootstrap({ admin: adminFields })).then(() => 'started', (error: Error) => error.message);
    expect(await message({ address: socket(0), allow_paths: [{ safe_regex: { regex: '(' } }] })).toContain('admin.allow_paths[0]');
    expect(await message({ address: { envoy_internal_address: { server_listener_name: 'x' } } })).toContain('admin.address');
    expect(await message({ address: { socket_address: { address: 'localhost', port_value: 0 } } })).toContain('admin.address');
  });
});
