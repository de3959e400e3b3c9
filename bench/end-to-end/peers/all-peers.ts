import { envoy } from './envoy.ts';
import { haproxy } from './haproxy.ts';
import { nginx } from './nginx.ts';
import { bareNode, fastifyHttpProxy, fastProxy, httpProxy, undici } from './npm-proxies.ts';
import { nuncioDirect, nuncioPacked, nuncioPublic } from './nuncio.ts';
import type { Peer, PeerName } from './peer.ts';

/** In the order of the tables. */
export const ALL_PEERS: readonly Peer[] = [
  nginx,
  haproxy,
  envoy,
  nuncioDirect,
  nuncioPublic,
  nuncioPacked,
  undici,
  fastProxy,
  httpProxy,
  fastifyHttpProxy,
  bareNode,
];

export function peerNamed(name: PeerName): Peer {
  return ALL_PEERS.find((peer) => peer.name === name)!;
}

export const NATIVE_PEERS: readonly PeerName[] = ['nginx', 'haproxy', 'envoy'];
export const NPM_PEERS: readonly PeerName[] = ['undici', 'fast-proxy', 'http-proxy', 'fastify-http-proxy'];
export const NUNCIO_PEERS: readonly PeerName[] = ['nuncio-direct', 'nuncio-public'];
