import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load as parseYaml } from 'js-yaml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseH2Downloads, parseH2load, wrk } from '../../bench/end-to-end/load/saturating.ts';
import { jsonBody } from '../../bench/end-to-end/origin/json-body.ts';
import { writeBootstrap } from '../../bench/end-to-end/peers/bootstrap-file.ts';
import { bootstrap } from '../../bench/end-to-end/peers/envoy-bootstrap.ts';
import { haproxyConfig } from '../../bench/end-to-end/peers/haproxy.ts';
import { nginxConfig } from '../../bench/end-to-end/peers/nginx.ts';
import type { ProxyPlan } from '../../bench/end-to-end/plan.ts';
import { hostList, PLAIN, prefixList } from '../../bench/end-to-end/plan.ts';
import { requestBytes } from '../../bench/end-to-end/request.ts';
import { bigBootstrapValue } from '../../bench/end-to-end/scenarios/big-bootstrap.ts';
import { IDLE_FILTERS } from '../../bench/end-to-end/scenarios/filter-plans.ts';
import { parseOptions } from '../../bench/options.ts';

const PORTS = { listenPort: 20_001, adminPort: 20_002, originPort: 20_003 };
const FULL: ProxyPlan = { ...PLAIN, ...PORTS, full: true, prefixes: prefixList(100) };
const HOSTS: ProxyPlan = { ...PLAIN, ...PORTS, hosts: hostList(3) };

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bench-test-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

describe('one plan', () => {
  it('becomes the same routes and features for every proxy', () => {
    const nginx = nginxConfig(FULL, directory);
    expect(count(nginx, /location \/svc\d+\/ /g)).toBe(100);
    expect(nginx).toMatch(/X-Forwarded-For.*\n.*X-Request-Id.*\n.*Via/);
    expect(nginx).toContain(`access_log ${directory}/access.log`);

    const haproxy = haproxyConfig(FULL, directory);
    expect(haproxy).toContain('map_beg');
    for (const feature of ['option forwardfor', 'unique-id-header X-Request-Id', 'Via', 'log-format']) expect(haproxy).toContain(feature);

    const envoy = JSON.stringify(bootstrap(FULL, `${directory}/access.log`));
    expect(count(envoy, /"prefix":"\/svc\d+\/"/g)).toBe(100);
    for (const field of ['use_remote_address', '"via"', 'FileAccessLog', 'request_timeout']) expect(envoy).toContain(field);
  });

  it('asks for none of the features where it is plain', () => {
    const plain = { ...PLAIN, ...PORTS };
    expect(nginxConfig(plain, directory)).not.toMatch(/X-Forwarded-For|X-Request-Id|Via|log_format/);
    expect(haproxyConfig(plain, directory)).not.toMatch(/forwardfor|unique-id|Via|log-format/);
    expect(JSON.stringify(bootstrap(plain, ''))).not.toMatch(/use_remote_address|"via"|access_log/);
  });

  it('becomes a virtual host for each name', () => {
    expect(count(nginxConfig(HOSTS, directory), /server_name host-\d\.example\.com;/g)).toBe(3);
    expect(count(JSON.stringify(bootstrap(HOSTS, '')), /"domains":\["host-\d\.example\.com"\]/g)).toBe(3);
    expect(haproxyConfig(HOSTS, directory)).toContain('map_str');
  });

  it('speaks HTTP/2 to the origin where it asks for it', () => {
    const plan = { ...FULL, http2Origin: true };
    expect(haproxyConfig(plan, directory)).toContain('server first 127.0.0.1:20003 proto h2');
    expect(JSON.stringify(bootstrap(plan, ''))).toContain('"explicit_http_config":{"http2_protocol_options":{}}');
    expect(haproxyConfig(FULL, directory) + JSON.stringify(bootstrap(FULL, ''))).not.toMatch(/proto h2|http2_protocol_options/);
  });

  it('lets clients speak HTTP/2 where they speak nothing else', () => {
    expect(nginxConfig({ ...PLAIN, ...PORTS, http2Clients: true }, directory)).toContain('listen 127.0.0.1:20001 http2 backlog');
    expect(nginxConfig(FULL, directory)).not.toContain('http2');
  });

  it('puts its filters in front of the router', () => {
    const names = (filters: ProxyPlan['filters']): string[] =>
      Array.from(JSON.stringify(bootstrap({ ...PLAIN, ...PORTS, filters }, '')).matchAll(/"envoy\.filters\.http\.(\w+)"/g), ([, name]) => name!);
    expect(names(IDLE_FILTERS)).toEqual([...IDLE_FILTERS.map(({ name }) => name.slice('envoy.filters.http.'.length)), 'router']);
    expect(names([])).toEqual(['router']);
  });

  it('is written as YAML that reads back as the same bootstrap', () => {
    const file = writeBootstrap(FULL, directory);
    expect(parseYaml(readFileSync(file, 'utf8'))).toEqual(bootstrap(FULL, join(directory, 'access.log')));
  });
});

describe('the big bootstrap', () => {
  it('has 10,000 clusters, 50,000 endpoints and 10,000 routes to clusters that exist', () => {
    const text = JSON.stringify(bigBootstrapValue({ ...PLAIN, ...PORTS }));
    const clusters = new Set(Array.from(text.matchAll(/"cluster_name":"([^"]+)"/g), ([, name]) => name));
    const routed = Array.from(text.matchAll(/"cluster":"([^"]+)"/g), ([, name]) => name);
    expect(clusters.size).toBe(10_000);
    expect(count(text, /"endpoint":\{/g)).toBe(50_000);
    expect(routed.length).toBe(10_000);
    expect(routed.every((name) => clusters.has(name))).toBe(true);
  });
});

describe('the JSON of the origin', () => {
  it('is 16 KiB and valid', () => {
    expect(jsonBody()).toHaveLength(16_384);
    expect((JSON.parse(jsonBody()) as unknown[]).length).toBeGreaterThan(50);
  });
});

describe('the request of all load generators', () => {
  it('is one head of about 370 bytes', () => {
    const bytes = requestBytes({ host: 'bench.example.com', path: '/svc57/api/v1/items?id=42', close: false });
    expect(bytes.length).toBeGreaterThan(360);
    expect(bytes.length).toBeLessThan(385);
    expect(bytes.toString()).toMatch(/^GET \/svc57\/api\/v1\/items\?id=42 HTTP\/1\.1\r\nHost: bench\.example\.com\r\n[^]*\r\n\r\n$/);
  });
});

describe('what load generators print', () => {
  it('of wrk is taken from the line that its script writes', () => {
    const load = { port: 1, request: { host: 'h', path: '/', close: false }, connections: 1, seconds: 1 };
    const output = 'Running 1s test\n  1 threads\nRESULT {"requests":100,"errors":2,"seconds":1.001,"p50Us":12.0,"p99Us":13.0,"p999Us":14.0}\n';
    expect(wrk.parse(output, load)).toEqual({ requests: 100, errors: 2, seconds: 1.001, p50Us: 12, p99Us: 13, p999Us: 14 });
    expect(() => wrk.parse('unable to connect', load)).toThrow('wrk printed no result');
  });

  it('of h2load is taken from its count of requests', () => {
    const output = 'requests: 120 total, 120 started, 100 done, 97 succeeded, 3 failed, 0 errored, 0 timeout';
    expect(parseH2load(output, 2)).toEqual({ requests: 100, errors: 3, seconds: 2 });
  });

  it('of downloads is the time of them all, and counts those that never came', () => {
    const output = 'finished in 802.50ms, 4.98 req/s, 498.45MB/s\nrequests: 5 total, 5 started, 4 done, 3 succeeded, 2 failed, 1 errored, 0 timeout';
    expect(parseH2Downloads(output, 5)).toEqual({ elapsedMs: 802.5, failed: 2 });
    expect(parseH2Downloads(output.replace('802.50ms', '1.50s'), 5).elapsedMs).toBe(1500);
  });
});

describe('the command line', () => {
  it('takes scenarios, rounds and peers', () => {
    expect(parseOptions(['full', 'routes', '--rounds', '3', '--peers', 'nginx,envoy', '--check'])).toMatchObject({
      names: ['full', 'routes'],
      rounds: 3,
      peers: ['nginx', 'envoy'],
      check: true,
      json: false,
    });
  });

  it('bounds how long and how often', () => {
    expect(() => parseOptions(['--rounds', '1000'])).toThrow('--rounds must be a whole number from 1 to 101');
    expect(() => parseOptions(['--seconds', '0'])).toThrow('--seconds');
    expect(() => parseOptions(['--processes', '10'])).toThrow('--processes must be a whole number from 1 to 9');
    expect(() => parseOptions(['--nonsense'])).toThrow();
  });
});
