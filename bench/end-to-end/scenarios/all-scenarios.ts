import { readFileSync } from 'node:fs';
import { NATIVE_PEERS, NPM_PEERS, NUNCIO_PEERS } from '../peers/all-peers.ts';
import { JSON_PATH } from '../origin/json-body.ts';
import { hostList, PLAIN, prefixList } from '../plan.ts';
import type { PeerName } from '../peers/peer.ts';
import { pathBelow } from '../request.ts';
import type { Scenario, Target, Variant } from '../scenario.ts';
import { BIG_TARGET, bigBootstrap } from './big-bootstrap.ts';
import { GZIP_FILTER, IDLE_FILTERS } from './filter-plans.ts';
import { holdIdle, openLoop, saturate, saturateHttp2, shakeHands, startUp, transfer, transferHttp2 } from './measure.ts';

const TARGET: Target = { host: 'bench.example.com', path: pathBelow('/svc57/') };
const LARGE_BYTES = 100 * 2 ** 20;
const TRANSFERS = 5;
const LATENCY_RATE = 5_000;
const HTTP2_CONNECTIONS = 16;
const HTTP2_STREAMS = 16;
const IDLE_WARM_UP = 2_000;
const OTHER_FILES = 2_000;

const SERVERS = [...NATIVE_PEERS, ...NUNCIO_PEERS];
const SATURATED_COLUMNS = ['cpuUs', 'requestsPerSecond', 'p50Us', 'p99Us', 'p999Us', 'rssMiB', 'peakMiB'] as const;
const FULL = { ...PLAIN, full: true, prefixes: prefixList(100) };

const minimal: Scenario = {
  name: 'minimal',
  title: 'Keep-alive, one route, nothing else: 371-byte requests, 1 KiB responses, 64 connections',
  peers: [...SERVERS, ...NPM_PEERS],
  variants: one(PLAIN),
  columns: SATURATED_COLUMNS,
  ratioOf: ['cpuUs'],
  origin: 'small',
  life: 'long',
  readyWithinMs: 10_000,
  measure: (turn) => saturate(turn),
};

const full: Scenario = {
  ...minimal,
  name: 'full',
  title: 'Keep-alive, 100 routes, X-Forwarded-For, X-Request-Id, Via, statistics, file access log, timeouts: 64 connections',
  variants: one(FULL),
};

const http2: Scenario = {
  ...full,
  name: 'h2',
  title: `HTTP/2 in front, HTTP/1.1 behind, features as in full: ${HTTP2_CONNECTIONS} connections with ${HTTP2_STREAMS} streams each`,
  // nginx before 1.25 speaks either protocol on a port, not both.
  peers: ['haproxy', 'envoy', ...NUNCIO_PEERS],
  columns: ['cpuUs', 'requestsPerSecond', 'rssMiB', 'peakMiB'],
  ownLoad: 'h2load',
  warmUp: (turn) => saturateHttp2(turn, HTTP2_CONNECTIONS, HTTP2_STREAMS),
  measure: (turn) => saturateHttp2(turn, HTTP2_CONNECTIONS, HTTP2_STREAMS),
};

const grpc: Scenario = {
  ...http2,
  name: 'grpc',
  title: `Unary gRPC calls, HTTP/2 on both sides, features as in full: ${HTTP2_CONNECTIONS} connections with ${HTTP2_STREAMS} streams each`,
  variants: [{ name: '', shape: { ...FULL, http2Origin: true }, target: { ...TARGET, path: '/svc57/bench.Echo/Say' } }],
  origin: 'grpc',
  warmUp: (turn) => saturateHttp2(turn, HTTP2_CONNECTIONS, HTTP2_STREAMS, true),
  measure: (turn) => saturateHttp2(turn, HTTP2_CONNECTIONS, HTTP2_STREAMS, true),
};

const routes: Scenario = {
  ...minimal,
  name: 'routes',
  title: '1,000 prefix routes, the last one hit, against one route',
  peers: SERVERS,
  variants: [
    { name: 'base', shape: PLAIN, target: { ...TARGET, path: pathBelow('/svc999/') } },
    { name: '1,000 routes', shape: { ...PLAIN, prefixes: prefixList(1_000) }, target: { ...TARGET, path: pathBelow('/svc999/') } },
  ],
  columns: ['cpuUs', 'addedUs', 'requestsPerSecond', 'rssMiB'],
  comparesWithBase: true,
};

const virtualHosts: Scenario = {
  ...routes,
  name: 'vhosts',
  title: '10,000 exact virtual hosts, one in the middle hit, against one for all',
  variants: [
    { name: 'base', shape: PLAIN, target: { ...TARGET, host: 'host-5000.example.com' } },
    { name: '10,000 hosts', shape: { ...PLAIN, hosts: hostList(10_000) }, target: { ...TARGET, host: 'host-5000.example.com' } },
  ],
  readyWithinMs: 30_000,
};

const filters: Scenario = {
  ...routes,
  name: 'filters',
  title: 'Eight HTTP filters that have nothing to do, against none',
  peers: ['envoy', ...NUNCIO_PEERS],
  variants: [
    { name: 'base', shape: PLAIN, target: TARGET },
    { name: '8 filters', shape: { ...PLAIN, filters: IDLE_FILTERS }, target: TARGET },
  ],
};

const gzip: Scenario = {
  ...routes,
  name: 'gzip',
  title: '16 KiB of JSON, compressed by gzip as the filter is by default, against passed on',
  peers: ['envoy', ...NUNCIO_PEERS],
  variants: [
    { name: 'base', shape: PLAIN, target: { ...TARGET, path: JSON_PATH } },
    { name: 'gzip', shape: { ...PLAIN, filters: GZIP_FILTER }, target: { ...TARGET, path: JSON_PATH } },
  ],
};

const newConnection: Scenario = {
  ...minimal,
  name: 'new-connection',
  title: 'A new connection for each request (Connection: close), upstream kept alive',
  measure: (turn) => saturate(turn, { close: true }),
};

const SECURE = [{ name: '', shape: { ...FULL, tls: true }, target: { ...TARGET, secure: true } }];

const tls: Scenario = {
  ...minimal,
  name: 'tls',
  title: 'As full, over TLS 1.3 (ECDSA P-256)',
  peers: SERVERS,
  variants: SECURE,
  ownLoad: 'wrk',
};

const OWN_CLIENT = 'own client, which does not saturate';

const tlsHandshakes: Scenario = {
  ...tls,
  name: 'tls-handshakes',
  title: 'A new connection and a full handshake of TLS 1.3 (ECDSA P-256, X25519) for each request, 16 at a time',
  columns: ['cpuUs', 'requestsPerSecond', 'rssMiB', 'peakMiB'],
  ownLoad: OWN_CLIENT,
  measure: (turn) => shakeHands(turn, false),
};

const tlsResumed: Scenario = {
  ...tls,
  name: 'tls-resumed',
  title: 'A new connection and a resumed session of TLS 1.3 (X25519) for each request, 16 at a time',
  columns: ['cpuUs', 'requestsPerSecond'],
  ownLoad: OWN_CLIENT,
  measure: (turn) => shakeHands(turn, true),
};

const latency: Scenario = {
  ...full,
  name: 'latency',
  title: `${LATENCY_RATE.toLocaleString('en-US')} requests/s, open loop, over 64 connections; features as in full; latency counts from when a request was due`,
  peers: [...SERVERS, 'undici'],
  columns: ['p50Us', 'p99Us', 'p999Us', 'cpuUs', 'lagUs'],
  ratioOf: ['p50Us', 'p99Us', 'p999Us'],
  ownLoad: 'own open-loop generator',
  measure: (turn) => openLoop(turn, LATENCY_RATE),
};

const download: Scenario = {
  ...minimal,
  name: 'download',
  title: '100 MiB downloads one after the other over one connection',
  peers: [...SERVERS, 'undici'],
  variants: one({ ...PLAIN, largeBodies: true }),
  columns: ['mibPerSecond', 'cpuMsPerTransfer', 'growthMiB', 'peakMiB'],
  ratioOf: ['mibPerSecond'],
  origin: 'large',
  life: 'fresh',
  maxRounds: 5,
  ownLoad: `own client, ${TRANSFERS} transfers a turn`,
  measure: (turn) => transfer(turn, 'down', LARGE_BYTES, TRANSFERS),
};

const upload: Scenario = {
  ...download,
  name: 'upload',
  title: '100 MiB uploads one after the other over one connection',
  measure: (turn) => transfer(turn, 'up', LARGE_BYTES, TRANSFERS),
};

const http2Download: Scenario = {
  ...download,
  name: 'h2-download',
  title: '100 MiB downloads one after the other over HTTP/2, each over one stream of a new connection, HTTP/1.1 behind',
  peers: SERVERS,
  variants: one({ ...PLAIN, largeBodies: true, http2Clients: true }),
  ownLoad: `h2load, ${TRANSFERS} transfers a turn`,
  measure: (turn) => transferHttp2(turn, LARGE_BYTES, TRANSFERS),
};

const RELAYS: readonly PeerName[] = ['haproxy', 'envoy', ...NUNCIO_PEERS];
const tcp: Scenario = {
  ...minimal,
  name: 'tcp',
  title: 'Requests and answers as in minimal, relayed as bytes: 64 connections',
  peers: RELAYS,
  variants: one({ ...PLAIN, tcp: true }),
};

const tcpDownload: Scenario = {
  ...download,
  name: 'tcp-download',
  title: '100 MiB downloads one after the other over one connection, relayed as bytes',
  peers: RELAYS,
  variants: one({ ...PLAIN, largeBodies: true, tcp: true }),
  ratioOf: ['cpuMsPerTransfer'],
};

const idleConnections = Math.max(100, Math.min(10_000, maxOpenFiles() - IDLE_WARM_UP - OTHER_FILES));
const idle: Scenario = {
  ...minimal,
  name: 'idle',
  title: `${idleConnections.toLocaleString('en-US')} idle connections beyond the first ${IDLE_WARM_UP.toLocaleString('en-US')}, each after one request`,
  peers: SERVERS,
  columns: ['bytesPerConnection', 'rssMiB'],
  ratioOf: ['bytesPerConnection'],
  life: 'fresh',
  maxRounds: 3,
  ownLoad: 'own client',
  measure: (turn) => holdIdle(turn, idleConnections, IDLE_WARM_UP),
};

const start: Scenario = {
  ...full,
  name: 'start-up',
  title: 'From the start of the process to the first 200, configured as in full; memory half a second later',
  peers: [...SERVERS, 'nuncio-packed', 'bare-node'],
  columns: ['readyMs', 'rssMiB', 'peakMiB'],
  ratioOf: [],
  life: 'fresh',
  ownLoad: 'one request',
  measure: startUp,
};

const bigJson: Scenario = {
  ...start,
  name: 'bootstrap-json',
  title: 'Bootstrap of 10,000 clusters, 50,000 endpoints, 10,000 routes, as JSON: first 200 and memory',
  peers: ['envoy', 'nuncio-direct', 'nuncio-packed'],
  variants: [{ name: '', shape: PLAIN, target: BIG_TARGET }],
  ratioOf: ['readyMs', 'rssMiB'],
  maxRounds: 3,
  readyWithinMs: 60_000,
  prepare: bigBootstrap('json'),
};

const bigYaml: Scenario = {
  ...bigJson,
  name: 'bootstrap-yaml',
  title: 'The same bootstrap as YAML',
  prepare: bigBootstrap('yaml'),
};

export const ALL_SCENARIOS: readonly Scenario[] = [
  minimal,
  full,
  http2,
  grpc,
  routes,
  virtualHosts,
  filters,
  gzip,
  newConnection,
  latency,
  download,
  upload,
  http2Download,
  tls,
  tlsHandshakes,
  tlsResumed,
  tcp,
  tcpDownload,
  idle,
  start,
  bigJson,
  bigYaml,
];

function one(shape: Variant['shape']): readonly Variant[] {
  return [{ name: '', shape, target: TARGET }];
}

/** The hard limit: servers and Node raise their own to it. */
function maxOpenFiles(): number {
  try {
    return Number(/^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 1024);
  } catch {
    return 1024;
  }
}
