import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '../command.ts';
import { writeYaml } from '../peers/bootstrap-file.ts';
import { HCM_TYPE, routerFilter, socketAddress } from '../peers/envoy-bootstrap.ts';
import { envoyCommand } from '../peers/envoy.ts';
import { nuncioFromPackage, nuncioFromSources } from '../peers/nuncio.ts';
import type { Peer } from '../peers/peer.ts';
import type { Json, ProxyPlan } from '../plan.ts';
import type { Target } from '../scenario.ts';

const CLUSTERS = 10_000;
const ENDPOINTS_PER_CLUSTER = 5;
const VIRTUAL_HOSTS = 1_000;
const ROUTES_PER_HOST = 10;

/** The last route of the last virtual host: everything has been read when it answers. */
export const BIG_TARGET: Target = { host: `tenant-${VIRTUAL_HOSTS - 1}.example.com`, path: `/service-${ROUTES_PER_HOST - 1}/` };

export function bigBootstrap(format: 'json' | 'yaml'): (peer: Peer, plan: ProxyPlan, directory: string) => Promise<Command> {
  return async (peer, plan, directory) => {
    const file = join(directory, `big.${format}`);
    const value = bigBootstrapValue(plan);
    if (format === 'json') writeFileSync(file, JSON.stringify(value));
    else writeYaml(file, value);
    if (peer.name === 'envoy') return envoyCommand(file);
    return peer.name === 'nuncio-packed' ? nuncioFromPackage(file) : nuncioFromSources(file);
  };
}

export function bigBootstrapValue(plan: ProxyPlan): Json {
  return {
    admin: { address: socketAddress(plan.adminPort) },
    static_resources: {
      listeners: [{ name: 'ingress', address: socketAddress(plan.listenPort), filter_chains: [{ filters: [connectionManager()] }] }],
      clusters: Array.from({ length: CLUSTERS }, (_, index) => bigCluster(index, plan.originPort)),
    },
  };
}

function connectionManager(): Json {
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': HCM_TYPE,
      stat_prefix: 'ingress',
      route_config: { name: 'local', virtual_hosts: Array.from({ length: VIRTUAL_HOSTS }, (_, index) => virtualHost(index)) },
      http_filters: [routerFilter()],
    },
  };
}

function virtualHost(host: number): Json {
  const name = `tenant-${host}.example.com`;
  return {
    name,
    domains: [name, `${name}:*`],
    routes: Array.from({ length: ROUTES_PER_HOST }, (_, route) => ({
      match: { prefix: `/service-${route}/` },
      route: { cluster: clusterName(host * ROUTES_PER_HOST + route), timeout: '15s' },
    })),
  };
}

function bigCluster(index: number, port: number): Json {
  const name = clusterName(index);
  return {
    name,
    type: 'STATIC',
    connect_timeout: '5s',
    lb_policy: 'ROUND_ROBIN',
    load_assignment: {
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: Array.from({ length: ENDPOINTS_PER_CLUSTER }, (_, endpoint) => ({
            endpoint: { address: socketAddress(port, endpointAddress(index, endpoint)) },
          })),
        },
      ],
    },
  };
}

/** Distinct addresses as in a real fleet; only the cluster that is asked must reach the origin. */
function endpointAddress(cluster: number, endpoint: number): string {
  if (cluster === CLUSTERS - 1) return '127.0.0.1';
  return `127.${1 + endpoint}.${cluster >> 8}.${cluster & 255}`;
}

function clusterName(index: number): string {
  return `service-${index}-production`;
}
