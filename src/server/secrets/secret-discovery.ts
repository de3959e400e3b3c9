import type { Secret } from '../../api/generated/envoy/extensions/transport_sockets/tls/v3.ts';
import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/log.ts';
import type { StatGroup, StatStore } from '../../core/stats/stats.ts';
import type { Timers } from '../../core/timers.ts';
import type { ThreadTlsMaterial } from '../../tls/material.ts';
import { SOCKET_FACTORY_STATS } from '../../tls/stats.ts';
import type { JudgedTls } from '../tls-material.ts';
import { SecretSubscription } from './secret-subscription.ts';

export interface SecretDiscoveryOptions {
  readonly stats: () => StatStore;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  /** A secret was updated, and every context that uses it can be made from it. */
  onUpdate(key: string, secret: Secret): void;
}

/** The secrets that do not stand in the bootstrap: reads those that the running configuration names. */
export class SecretDiscovery {
  readonly #options: SecretDiscoveryOptions;
  readonly #subscriptions = new Map<string, SecretSubscription>();
  /** Groups that count updates, by scope. */
  #factories = new Map<string, StatGroup>();
  #tls: JudgedTls | undefined;
  #isAdopting = false;

  constructor(options: SecretDiscoveryOptions) {
    this.#options = options;
  }

  /** Those that have come, by key. */
  get secrets(): ReadonlyMap<string, Secret> {
    return new Map([...this.#subscriptions].flatMap(([key, { secret }]) => (secret === undefined ? [] : [[key, secret] as const])));
  }

  get subscriptions(): readonly SecretSubscription[] {
    return [...this.#subscriptions.values()];
  }

  /** Reads what is asked for now and was not before; `onUpdate` is called for later changes only. */
  adopt(tls: JudgedTls): void {
    this.#tls = tls;
    this.#isAdopting = true;
    this.#countFor(tls.contexts);
    for (const [key, subscription] of this.#subscriptions) {
      if (tls.material.sources.has(key)) continue;
      subscription.close();
      this.#subscriptions.delete(key);
    }
    for (const [key, source] of tls.material.sources) {
      const running = this.#subscriptions.get(key);
      if (running === undefined) this.#subscribe(source);
      else if (running.secret !== undefined && tls.material.secretOf(source) !== running.secret) this.#offer(tls.material, key, running.secret);
    }
    this.#isAdopting = false;
  }

  close(): void {
    for (const subscription of this.#subscriptions.values()) subscription.close();
    this.#subscriptions.clear();
  }

  #subscribe(source: SecretSubscription['source']): void {
    const { clock, timers, log, stats } = this.#options;
    const onSecret = (key: string, secret: Secret): readonly string[] => this.#offer(this.#tls!.material, key, secret);
    const subscription = new SecretSubscription(source, { clock, timers, log, stats: stats(), onSecret });
    this.#subscriptions.set(source.key, subscription);
    subscription.start();
  }

  #offer(material: ThreadTlsMaterial, key: string, secret: Secret): readonly string[] {
    const problems = material.updateSource(key, secret);
    if (problems.length > 0) return problems;
    for (const { sources, factoryScope } of this.#tls!.contexts) {
      if (sources.includes(key)) this.#factories.get(factoryScope)!.inc(SOCKET_FACTORY_STATS.ssl_context_update_by_sds);
    }
    if (!this.#isAdopting) this.#options.onUpdate(key, secret);
    return [];
  }

  #countFor(contexts: JudgedTls['contexts']): void {
    const before = this.#factories;
    const stats = this.#options.stats();
    const scopes = new Set(contexts.filter(({ sources }) => sources.length > 0).map(({ factoryScope }) => factoryScope));
    this.#factories = new Map([...scopes].map((scope) => [scope, stats.group(scope, SOCKET_FACTORY_STATS)]));
    for (const group of before.values()) stats.release(group);
  }
}
