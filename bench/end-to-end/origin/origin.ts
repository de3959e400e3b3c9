import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from '../command.ts';
import { findProgram, versionLine } from '../command.ts';
import { nginxMain } from '../peers/nginx.ts';
import { JSON_PATH, jsonBody } from './json-body.ts';

/**
 * What stands behind every proxy: 1 KiB for any path. A path that ends in `/echo` answers with what the proxy added
 * to the request, one value a line: X-Forwarded-For, X-Request-Id, Via; `json-body.ts` names another that is answered otherwise.
 */
export interface OriginChoice {
  readonly name: string;
  prepare(port: number, directory: string): Command;
}

export const BODY = 'x'.repeat(1024);
/** Proxies do not look into messages, so that letters serve as well as a length in front. */
export const GRPC_REPLY = 'x'.repeat(64);
export const ECHOED_HEADERS = ['x-forwarded-for', 'x-request-id', 'via'] as const;
/** Answers `GET /bytes/<n>` with n bytes and swallows whatever is posted. */
export const nodeOrigin: OriginChoice = {
  name: `an own origin on node ${process.versions.node}`,
  prepare: (port) => ({ file: process.execPath, args: [fileURLToPath(new URL('node-origin.ts', import.meta.url)), String(port)] }),
};

const nginxOrigin: OriginChoice = {
  name: 'nginx',
  prepare: (port, directory) => {
    const file = join(directory, 'origin.conf');
    writeFileSync(file, nginxOriginConfig(port, directory));
    writeFileSync(join(directory, JSON_PATH), jsonBody());
    return { file: findProgram('nginx')!, args: ['-p', directory, '-e', 'stderr', '-c', file] };
  },
};

/** nginx costs the least of the shared core; without it our own. */
export function fastestOrigin(): OriginChoice {
  if (findProgram('nginx') === undefined) return nodeOrigin;
  return { ...nginxOrigin, name: versionLine('nginx', ['-v']) };
}

/** Answers calls of any method with one message and `grpc-status` in the trailers, over HTTP/2 with prior knowledge. */
export function grpcOrigin(): OriginChoice {
  if (findProgram('nginx') !== undefined) return { name: `${versionLine('nginx', ['-v'])}, HTTP/2`, prepare: prepareNginxGrpc };
  return {
    name: `node:http2 of node ${process.versions.node}`,
    prepare: (port) => ({ file: process.execPath, args: [fileURLToPath(new URL('node-grpc-origin.ts', import.meta.url)), String(port)] }),
  };
}

function prepareNginxGrpc(port: number, directory: string): Command {
  const file = join(directory, 'origin.conf');
  writeFileSync(file, nginxMain(directory, [
    'access_log off; http2_max_concurrent_streams 1024;',
    `server { listen 127.0.0.1:${port} http2 backlog=4096; default_type application/grpc; add_trailer grpc-status 0;`,
    `location ~ /echo$ { return 200 "${echoed()}"; }`,
    `location / { return 200 "${GRPC_REPLY}"; }`,
    '}',
  ]));
  return { file: findProgram('nginx')!, args: ['-p', directory, '-e', 'stderr', '-c', file] };
}

function nginxOriginConfig(port: number, directory: string): string {
  return nginxMain(directory, [
    'access_log off;',
    `server { listen 127.0.0.1:${port} backlog=4096; default_type application/json;`,
    'add_header X-Powered-By "origin"; add_header Cache-Control "no-store"; add_header ETag "abcdef0123456789";',
    `location ~ /echo$ { return 200 "${echoed()}"; }`,
    `location = ${JSON_PATH} { root ${directory}; }`,
    `location / { return 200 "${BODY}"; }`,
    '}',
  ]);
}

function echoed(): string {
  return ECHOED_HEADERS.map((name) => `$http_${name.replaceAll('-', '_')}\n`).join('');
}
