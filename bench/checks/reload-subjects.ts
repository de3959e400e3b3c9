import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '../end-to-end/command.ts';
import { findProgram } from '../end-to-end/command.ts';
import { writeYaml } from '../end-to-end/peers/bootstrap-file.ts';
import { cluster, HCM_TYPE, routerFilter, socketAddress } from '../end-to-end/peers/envoy-bootstrap.ts';
import { nginx, nginxMain } from '../end-to-end/peers/nginx.ts';
import { nuncioCommand, nuncioDirect, nuncioPublic, SOURCES } from '../end-to-end/peers/nuncio.ts';
import type { Peer } from '../end-to-end/peers/peer.ts';
import type { Json } from '../end-to-end/plan.ts';

/** A proxy whose configuration file is replaced while it runs, and which is told so by SIGHUP. */
export interface ReloadSubject {
  readonly peer: Peer;
  /** Told beside its name. */
  readonly settings?: string;
  /** How much memory it may take from a point on at which it has seen every kind of work. */
  readonly growthLimitMiB?: number;
  /** Writes the configuration whose answers carry `x-generation: <generation>`. */
  write(generation: number, ports: ReloadPorts, directory: string): void;
  command(directory: string): Command;
}

export interface ReloadPorts {
  readonly listen: number;
  readonly admin: number;
  /** Generations take turns. */
  readonly origins: readonly number[];
}

/**
 * Each thread has a heap, in which V8 collects old garbage when there is several times what is in use: two workers would take memory for a thousand reloads without anything being
 * kept. With heaps of this size it collects sooner. One thread is left as it is, so that what V8 does not count shows too.
 */
const WORKER_HEAP_MB = 40;

const GROWTH_LIMIT_MIB = 40;

/** What drains is kept for so long. */
const DRAIN_S = 1;

export const RELOAD_SUBJECTS: readonly ReloadSubject[] = [nuncio(nuncioDirect, 'direct', 1), nuncio(nuncioDirect, 'direct', 2), nuncio(nuncioPublic, 'public', 1), nginxSubject()];

function nuncio(peer: Peer, transport: 'direct' | 'public', threads: number): ReloadSubject {
  const options = { threads, nodeArgs: threads === 1 ? [] : [`--max-old-space-size=${WORKER_HEAP_MB}`], args: ['--drain-time-s', String(DRAIN_S)] };
  return {
    peer,
    settings: threads === 1 ? 'one thread' : `${threads} worker threads`,
    growthLimitMiB: GROWTH_LIMIT_MIB,
    write: (generation, ports, directory) => void writeYaml(join(directory, 'bootstrap.yaml'), bootstrapOf(generation, ports)),
    command: (directory) => nuncioCommand(SOURCES, transport, join(directory, 'bootstrap.yaml'), options),
  };
}

/** For comparison: it closes idle keep-alive connections of its old worker, so some requests may be lost. */
function nginxSubject(): ReloadSubject {
  return {
    peer: nginx,
    write: (generation, { listen, origins }, directory) =>
      writeFileSync(
        join(directory, 'nginx.conf'),
        nginxMain(
          directory,
          [
            'access_log off;',
            `upstream origin { server 127.0.0.1:${origins[generation % origins.length]}; keepalive 64; }`,
            `server { listen 127.0.0.1:${listen} backlog=4096; add_header X-Generation ${generation};`,
            'location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://origin; } }',
          ],
          true,
        ),
      ),
    command: (directory) => ({ file: findProgram('nginx')!, args: ['-p', directory, '-e', 'stderr', '-c', join(directory, 'nginx.conf')] }),
  };
}

/** Each generation changes a route and the cluster it leads to; the listener and another cluster stay. */
function bootstrapOf(generation: number, { listen, admin, origins }: ReloadPorts): Json {
  const origin = `origin-${generation}`;
  return {
    admin: { address: socketAddress(admin) },
    static_resources: {
      listeners: [{ name: 'ingress', address: socketAddress(listen), filter_chains: [{ filters: [connectionManager(origin, generation)] }] }],
      clusters: [cluster(origin, [origins[generation % origins.length]]), cluster('unchanged', [origins[0]])],
    },
  };
}

function connectionManager(origin: string, generation: number): Json {
  const routes: Json = [
    { match: { prefix: '/unchanged/' }, route: { cluster: 'unchanged' } },
    {
      match: { prefix: '/' },
      route: { cluster: origin },
      response_headers_to_add: [{ header: { key: 'x-generation', value: String(generation) } }],
    },
  ];
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': HCM_TYPE,
      stat_prefix: 'ingress',
      route_config: { name: 'local', virtual_hosts: [{ name: 'all', domains: ['*'], routes }] },
      http_filters: [routerFilter()],
    },
  };
}
