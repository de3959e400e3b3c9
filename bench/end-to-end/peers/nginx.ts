import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, versionLine } from '../command.ts';
import type { ProxyPlan } from '../plan.ts';
import { CERTIFICATE, LARGE_BUFFER_KIB, LIMITS, VIA } from '../plan.ts';
import type { Peer } from './peer.ts';

export const nginx: Peer = {
  name: 'nginx',
  kind: 'native',
  settings:
    `one process, 64 idle upstream connections, default buffers (8 × 4 KiB) for small bodies; for large ones 8 × ` +
    `${LARGE_BUFFER_KIB} KiB, no spooling to disk, request bodies not gathered; access log written in blocks of 64 KiB`,
  missing: () => (findProgram('nginx') === undefined ? 'nginx is not installed' : undefined),
  version: () => versionLine('nginx', ['-v']),
  prepare: (plan, directory) => {
    const file = join(directory, 'nginx.conf');
    writeFileSync(file, nginxConfig(plan, directory));
    return Promise.resolve({ file: findProgram('nginx')!, args: ['-p', directory, '-e', 'stderr', '-c', file] });
  },
};

/** The frame around the http block. `master` is for checks that reload: one process cannot. */
export function nginxMain(directory: string, httpLines: readonly string[], master = false): string {
  for (const kind of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) mkdirSync(join(directory, kind), { recursive: true });
  return lines([
    `daemon off; master_process ${master ? 'on' : 'off'}; worker_processes 1; pid ${directory}/nginx.pid; error_log stderr crit;`,
    ...(process.getuid?.() === 0 ? ['user root;'] : []),
    'worker_rlimit_nofile 20000;',
    'events { worker_connections 19000; }',
    'http {',
    'keepalive_requests 1000000000; keepalive_timeout 3600s; tcp_nodelay on; client_max_body_size 0;',
    `client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy; fastcgi_temp_path ${directory}/fastcgi;`,
    `uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;`,
    ...httpLines,
    '}',
  ]);
}

export function nginxConfig(plan: ProxyPlan, directory: string, master = false): string {
  const locations = [...plan.prefixes, '/'].map((prefix) => `location ${prefix} { proxy_pass http://origin; }`);
  const server = (name: string, first: boolean): string[] => [
    'server {',
    `listen 127.0.0.1:${plan.listenPort}${plan.tls ? ' ssl' : ''}${plan.http2Clients ? ' http2' : ''}${first ? ' backlog=4096' : ''};`,
    ...(name === '' ? [] : [`server_name ${name};`]),
    ...locations,
    '}',
  ];
  return nginxMain(
    directory,
    [
      `upstream origin { server 127.0.0.1:${plan.originPort}; keepalive 64; keepalive_requests 1000000000; keepalive_timeout 3600s; }`,
      'proxy_http_version 1.1; proxy_set_header Connection "";',
      ...(plan.hosts.length > 0 ? ['server_names_hash_max_size 65536; server_names_hash_bucket_size 128;'] : []),
      ...(plan.full ? fullLines(directory) : ['access_log off; proxy_set_header Host $http_host;']),
      ...(plan.tls ? [`ssl_certificate ${CERTIFICATE.chain}; ssl_certificate_key ${CERTIFICATE.key}; ssl_protocols TLSv1.2 TLSv1.3;`] : []),
      ...(plan.largeBodies ? largeBodyLines() : []),
      ...(plan.hosts.length === 0 ? server('', true) : plan.hosts.flatMap((host, index) => server(host, index === 0))),
    ],
    master,
  );
}

function fullLines(directory: string): string[] {
  return [
    'proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
    'proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Request-Id $request_id;',
    `proxy_set_header Via "${VIA}"; add_header Via "${VIA}";`,
    `log_format line '[$time_iso8601] "$request" $status $request_length $body_bytes_sent $request_time $upstream_response_time ` +
      `"$http_x_forwarded_for" "$http_user_agent" "$request_id" "$http_host" "$upstream_addr"';`,
    `access_log ${directory}/access.log line buffer=64k flush=1s;`,
    `proxy_connect_timeout ${LIMITS.connectTimeoutMs}ms; proxy_read_timeout ${LIMITS.routeTimeoutMs}ms;`,
    `client_header_timeout ${LIMITS.requestTimeoutMs}ms; client_body_timeout ${LIMITS.streamIdleTimeoutMs}ms;`,
  ];
}

function largeBodyLines(): string[] {
  const size = `${LARGE_BUFFER_KIB}k`;
  return [
    `proxy_buffer_size ${size}; proxy_buffers 8 ${size}; proxy_busy_buffers_size ${LARGE_BUFFER_KIB * 2}k;`,
    `proxy_max_temp_file_size 0; proxy_request_buffering off; client_body_buffer_size ${size};`,
  ];
}

function lines(parts: readonly string[]): string {
  return `${parts.join('\n')}\n`;
}
