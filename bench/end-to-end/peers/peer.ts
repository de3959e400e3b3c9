import type { Command } from '../command.ts';
import type { ProxyPlan } from '../plan.ts';

export type PeerName =
  | 'nginx'
  | 'haproxy'
  | 'envoy'
  | 'undici'
  | 'fast-proxy'
  | 'http-proxy'
  | 'fastify-http-proxy'
  | 'nuncio-direct'
  | 'nuncio-public'
  | 'nuncio-packed'
  | 'bare-node';

/** `npm`: proxies one would take from npm instead. `reference`: not a proxy, a floor to compare with. */
export type PeerKind = 'native' | 'npm' | 'nuncio' | 'reference';

export interface Peer {
  readonly name: PeerName;
  readonly kind: PeerKind;
  /** Buffers and other settings that a reader of the figures should know. */
  readonly settings: string;
  /** Why it cannot run here, or undefined. */
  missing(): string | undefined;
  version(): string;
  /** Writes its files into `directory`, which is its own, and says how it is started. */
  prepare(plan: ProxyPlan, directory: string): Promise<Command>;
}
