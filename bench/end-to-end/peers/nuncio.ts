import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from '../command.ts';
import { writeBootstrap } from './bootstrap-file.ts';
import { QUIET_AND_BATCHED } from './envoy.ts';
import type { Peer, PeerName } from './peer.ts';

export const SOURCES = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const PACKED = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));

export const nuncioDirect = nuncio('nuncio-direct', SOURCES, 'direct');
export const nuncioPublic = nuncio('nuncio-public', SOURCES, 'public');
export const nuncioPacked = nuncio('nuncio-packed', PACKED, 'direct');

function nuncio(name: PeerName, main: string, transport: 'direct' | 'public'): Peer {
  return {
    name,
    kind: 'nuncio',
    settings: `one worker, ${transport} transport, semi-spaces of 16 MiB, run from ${main === SOURCES ? 'sources' : 'the packed build'}; bootstrap file and flags as Envoy's`,
    missing: () => (existsSync(main) ? undefined : main === PACKED ? 'dist/main.js is not built' : 'src/main.ts is not in this checkout'),
    version: () => `node ${process.versions.node}`,
    prepare: (plan, directory) => Promise.resolve(nuncioCommand(main, transport, writeBootstrap(plan, directory))),
  };
}

export interface NuncioOptions {
  readonly threads?: number;
  /** Of Node. */
  readonly nodeArgs?: readonly string[];
  readonly args?: readonly string[];
}

export function nuncioCommand(main: string, transport: 'direct' | 'public', bootstrapFile: string, { threads = 1, nodeArgs = [], args: more = [] }: NuncioOptions = {}): Command {
  // As dist/nuncio.cjs starts it, and npm start.
  const args = ['--max-semi-space-size=16', ...nodeArgs, main, '-c', bootstrapFile, '--concurrency', String(threads), '--transport', transport, ...QUIET_AND_BATCHED, ...more];
  return { file: process.execPath, args, ...(main === SOURCES && { env: { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') } }) };
}

export function nuncioFromPackage(bootstrapFile: string): Command {
  return nuncioCommand(PACKED, 'direct', bootstrapFile);
}

export function nuncioFromSources(bootstrapFile: string): Command {
  return nuncioCommand(SOURCES, 'direct', bootstrapFile);
}
