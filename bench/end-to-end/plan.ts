import { fileURLToPath } from 'node:url';

/** Plain JSON, in the shape of the proto3 mapping where it is configuration of Envoy's. */
export type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

/**
 * What every peer of a scenario has to do. Each peer turns the same plan into its own configuration, so that all of them
 * carry the same features.
 */
export interface ProxyPlan {
  readonly listenPort: number;
  readonly adminPort: number;
  readonly originPort: number;
  /** Path prefixes, each a route of its own to the origin; whatever matches none goes to the origin as well. */
  readonly prefixes: readonly string[];
  /** Exact virtual hosts. None: one that takes every host. */
  readonly hosts: readonly string[];
  /** Client address, request id, Via, file access log, statistics and timeouts; else only what the proxy always does. */
  readonly full: boolean;
  /** Bodies that are far larger than any buffer: proxies that spool to disk or have small buffers get 64 KiB ones. */
  readonly largeBodies: boolean;
  /** Bytes are relayed as they are: nobody reads HTTP. */
  readonly tcp: boolean;
  /** Clients speak TLS 1.2 or 1.3 to a certificate of ECDSA P-256; nobody shows a certificate of their own. */
  readonly tls: boolean;
  /** Clients speak HTTP/2 with prior knowledge and nothing else: whoever must choose, chooses that. */
  readonly http2Clients: boolean;
  /** The origin speaks HTTP/2 with prior knowledge, else HTTP/1.1. */
  readonly http2Origin: boolean;
  /** Filters of Envoy's API in front of the router, for those that have such. */
  readonly filters: readonly FilterPlan[];
}

export type FilterPlan = { readonly name: string; readonly typed_config: { readonly '@type': string; readonly [field: string]: Json } };

export type PlanShape = Omit<ProxyPlan, 'listenPort' | 'adminPort' | 'originPort'>;

export const PLAIN: PlanShape = { prefixes: [], hosts: [], full: false, largeBodies: false, tcp: false, tls: false, http2Clients: false, http2Origin: false, filters: [] };

const CERTIFICATES = new URL('../../test/support/certificates/', import.meta.url);
/** PEM files. */
export const CERTIFICATE = { chain: fileURLToPath(new URL('server.pem', CERTIFICATES)), key: fileURLToPath(new URL('server.key', CERTIFICATES)) };

export const VIA = '1.1 proxy';

export const LIMITS = {
  connectTimeoutMs: 5_000,
  requestTimeoutMs: 30_000,
  routeTimeoutMs: 15_000,
  streamIdleTimeoutMs: 60_000,
  keepAliveTimeoutMs: 3_600_000,
} as const;

export const LARGE_BUFFER_KIB = 64;

export function prefixList(count: number): string[] {
  return Array.from({ length: count }, (_, route) => `/svc${route}/`);
}

export function hostList(count: number): string[] {
  return Array.from({ length: count }, (_, host) => `host-${host}.example.com`);
}
