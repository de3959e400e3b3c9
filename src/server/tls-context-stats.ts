import type { StatGroup, StatStore } from '../core/stats/stats.ts';
import type { ReloadableContext } from '../tls/reloadable-context.ts';
import { SOCKET_FACTORY_STATS, SSL_STATS } from '../tls/stats.ts';

/** The statistics of TLS contexts are there from the start: a worker that makes the contexts of a cluster when it is first used counts in them only then. */
export class TlsContextStats {
  readonly #store: () => StatStore;
  #groups: readonly StatGroup[] = [];

  constructor(store: () => StatStore) {
    this.#store = store;
  }

  show(contexts: readonly ReloadableContext<unknown>[]): void {
    const store = this.#store();
    const before = this.#groups;
    const scopes = new Map(contexts.map(({ factoryScope, statScope }) => [factoryScope, statScope]));
    this.#groups = [...scopes].flatMap(([factoryScope, statScope]) => [store.group(`${statScope}.ssl`, SSL_STATS), store.group(factoryScope, SOCKET_FACTORY_STATS)]);
    for (const group of before) store.release(group);
  }
}
