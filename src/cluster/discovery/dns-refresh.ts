import type { Random } from '../../core/random.ts';
import { Timer, type TimerOwner, type Timers } from '../../core/timers.ts';
import type { DnsSpec, DnsTarget } from '../cluster-spec.ts';
import type { NameResolver, ResolvedAddress, Resolution } from './name-resolver.ts';

export interface DnsRefreshOwner {
  onAttempt(): void;
  /** Without duplicates, in the order of the answer. */
  onAddresses(refresh: DnsRefresh, addresses: readonly ResolvedAddress[]): void;
  onFailure(refresh: DnsRefresh, reason: string): void;
}

export interface DnsRefreshServices {
  readonly resolver: NameResolver;
  readonly timers: Timers;
  readonly random: Random;
}

/** Answers with more addresses are cut off. */
export const MAX_ADDRESSES_PER_NAME = 4_096;

/**
 * Keeps one name resolved.
 *
 *   start ▶ RESOLVING ──answer──▶ waiting for the TTL or the refresh rate ──▶ RESOLVING
 *               └──failure──▶ waiting for the failure rate ──────────────────────▲
 */
export class DnsRefresh implements TimerOwner {
  readonly target: DnsTarget;
  readonly #dns: DnsSpec;
  readonly #services: DnsRefreshServices;
  readonly #owner: DnsRefreshOwner;
  readonly #timer = new Timer(this);
  #backoffMs = 0;
  #stopped = false;

  constructor(target: DnsTarget, dns: DnsSpec, services: DnsRefreshServices, owner: DnsRefreshOwner) {
    this.target = target;
    this.#dns = dns;
    this.#services = services;
    this.#owner = owner;
  }

  start(): void {
    this.#owner.onAttempt();
    const resolution = this.#services.resolver.resolve(this.target.name, this.#dns.family);
    void resolution.then((found) => this.#take(found));
  }

  stop(): void {
    this.#stopped = true;
    this.#timer.disarm();
  }

  onTimer(): void {
    this.start();
  }

  #take(resolution: Resolution): void {
    if (this.#stopped) return;
    if (resolution.kind === 'failure') {
      this.#waitAfterFailure();
      this.#owner.onFailure(this, resolution.reason);
      return;
    }
    const addresses = withoutDuplicates(resolution.addresses);
    this.#backoffMs = 0;
    const { jitterMs } = this.#dns;
    this.#wait(this.#refreshMs(addresses) + Math.floor(this.#services.random.unit() * jitterMs));
    this.#owner.onAddresses(this, addresses);
  }

  #refreshMs(addresses: readonly ResolvedAddress[]): number {
    const { respectTtl, refreshMs } = this.#dns;
    let ttlMs = Infinity;
    for (const address of addresses) ttlMs = Math.min(ttlMs, address.ttlMs);
    return respectTtl && ttlMs > 0 && ttlMs < Infinity ? ttlMs : refreshMs;
  }

  /** Uniform below a bound that doubles with each failure. */
  #waitAfterFailure(): void {
    const { failureRefresh, refreshMs } = this.#dns;
    if (failureRefresh === undefined) {
      this.#wait(refreshMs);
      return;
    }
    const { baseMs, maxMs } = failureRefresh;
    this.#backoffMs = this.#backoffMs === 0 ? baseMs : Math.min(this.#backoffMs * 2, maxMs);
    this.#wait(Math.floor(this.#services.random.unit() * this.#backoffMs));
  }

  #wait(delayMs: number): void {
    this.#services.timers.privateList(Math.max(1, delayMs)).arm(this.#timer);
  }
}

function withoutDuplicates(addresses: readonly ResolvedAddress[]): ResolvedAddress[] {
  const byHost = new Map<string, ResolvedAddress>();
  for (const address of addresses) {
    if (!byHost.has(address.host) && byHost.size < MAX_ADDRESSES_PER_NAME) byHost.set(address.host, address);
  }
  return [...byHost.values()];
}
