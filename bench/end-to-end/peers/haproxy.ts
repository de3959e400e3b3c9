import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram, versionLine } from '../command.ts';
import type { ProxyPlan } from '../plan.ts';
import { CERTIFICATE, LARGE_BUFFER_KIB, LIMITS, VIA } from '../plan.ts';
import type { Peer } from './peer.ts';

export const haproxy: Peer = {
  name: 'haproxy',
  kind: 'native',
  settings:
    `one thread, http-reuse always, 16 KiB buffers (${LARGE_BUFFER_KIB} KiB for large bodies); routes by map_beg, hosts by ` +
    `map_str; it has no file access log, so it writes each line to its standard output, a file, at once`,
  missing: () => (findProgram('haproxy') === undefined ? 'haproxy is not installed' : undefined),
  version: () => versionLine('haproxy', ['-v']),
  prepare: (plan, directory) => {
    const file = join(directory, 'haproxy.cfg');
    writeFileSync(join(directory, 'routes.map'), mapFile(plan.prefixes));
    writeFileSync(join(directory, 'hosts.map'), mapFile(plan.hosts));
    if (plan.tls) writeFileSync(pemFile(directory), readFileSync(CERTIFICATE.chain, 'utf8') + readFileSync(CERTIFICATE.key, 'utf8'), { mode: 0o600 });
    writeFileSync(file, haproxyConfig(plan, directory));
    return Promise.resolve({ file: findProgram('haproxy')!, args: ['-db', '-f', file] });
  },
};

/** It wants both in one file. */
function pemFile(directory: string): string {
  return join(directory, 'server.pem');
}

export function haproxyConfig(plan: ProxyPlan, directory: string): string {
  return `${[
    'global',
    '  nbthread 1',
    '  maxconn 15000',
    '  no strict-limits',
    ...(plan.largeBodies ? [`  tune.bufsize ${LARGE_BUFFER_KIB * 1024}`] : []),
    ...(plan.full ? ['  log stdout len 1024 format raw local0 info'] : []),
    'defaults',
    `  mode ${plan.tcp ? 'tcp' : 'http'}`,
    '  timeout client 3600s',
    `  timeout http-request ${LIMITS.requestTimeoutMs}ms`,
    '  timeout http-keep-alive 3600s',
    `  timeout server ${LIMITS.routeTimeoutMs}ms`,
    `  timeout connect ${LIMITS.connectTimeoutMs}ms`,
    'frontend ingress',
    `  bind 127.0.0.1:${plan.listenPort} backlog 4096${plan.tls ? ` ssl crt ${pemFile(directory)}` : ''}`,
    ...(plan.full ? fullLines() : []),
    ...(plan.hosts.length > 0 ? [`  use_backend %[req.hdr(host),map_str(${directory}/hosts.map,origin)]`] : []),
    ...(plan.prefixes.length > 0 ? [`  use_backend %[path,map_beg(${directory}/routes.map,origin)]`] : []),
    '  default_backend origin',
    'backend origin',
    ...(plan.tcp ? [] : ['  http-reuse always']),
    `  server first 127.0.0.1:${plan.originPort}${plan.http2Origin ? ' proto h2' : ''}`,
  ].join('\n')}\n`;
}

function fullLines(): string[] {
  return [
    '  option forwardfor',
    '  unique-id-format %[uuid()]',
    '  unique-id-header X-Request-Id',
    '  http-request set-header X-Forwarded-Proto http',
    `  http-request set-header Via "${VIA}"`,
    `  http-response set-header Via "${VIA}"`,
    '  http-request capture req.hdr(user-agent) len 128',
    '  http-request capture req.hdr(host) len 64',
    '  log global',
    '  log-format "[%tr] %{+Q}r %ST %U %B %Ta %Tr %ci %{+Q}hr %ID %si:%sp"',
  ];
}

function mapFile(keys: readonly string[]): string {
  return keys.map((key) => `${key} origin\n`).join('');
}
