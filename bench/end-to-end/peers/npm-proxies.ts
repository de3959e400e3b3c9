import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProxyPlan } from '../plan.ts';
import type { Peer, PeerKind, PeerName } from './peer.ts';

const INSTALL = 'install the npm proxies with: npm ci --prefix bench';

export const undici = npmProxy('undici', 'undici', 'node:http server, undici dispatch, 64 upstream connections without pipelining');
export const fastProxy = npmProxy('fast-proxy', 'fast-proxy', 'its undici mode, 64 upstream connections');
export const httpProxy = npmProxy('http-proxy', 'http-proxy', 'node:http agent with keep-alive, 64 upstream connections');
export const fastifyHttpProxy = npmProxy('fastify-http-proxy', '@fastify/http-proxy', 'its undici mode, 64 upstream connections');
export const bareNode = npmProxy('bare-node', undefined, 'a node process whose net server answers 200 itself');

/** A Node program of this folder that puts one package behind the plan's features. */
function npmProxy(name: PeerName, dependency: string | undefined, settings: string): Peer {
  const program = fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url));
  const kind: PeerKind = dependency === undefined ? 'reference' : 'npm';
  return {
    name,
    kind,
    settings,
    missing: () => (dependency === undefined || manifestOf(dependency) !== undefined ? undefined : `${dependency}: ${INSTALL}`),
    version: () => (dependency === undefined ? `node ${process.versions.node}` : `${dependency} ${versionOf(dependency)}`),
    prepare: (plan: ProxyPlan, directory: string) => {
      const file = join(directory, 'plan.json');
      writeFileSync(file, JSON.stringify({ plan, accessLogPath: join(directory, 'access.log') }));
      return Promise.resolve({ file: process.execPath, args: [program, file], env: { NODE_ENV: 'production' } });
    },
  };
}

/** The package's own manifest: `exports` may hide it from a plain resolve. */
function manifestOf(dependency: string): string | undefined {
  const directories = createRequire(import.meta.url).resolve.paths(dependency) ?? [];
  return directories.map((directory) => join(directory, dependency, 'package.json')).find((file) => existsSync(file));
}

function versionOf(dependency: string): string {
  const file = manifestOf(dependency);
  if (file === undefined) return '';
  return String((JSON.parse(readFileSync(file, 'utf8')) as { version: unknown }).version);
}
