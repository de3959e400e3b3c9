import type { FilterSpec } from '../cluster/cluster-spec.ts';
import { createUpstreamFilters, type UpstreamFilterFactory } from '../cluster/upstream-filters.ts';
import type { ServiceKey } from '../core/extension.ts';
import { ConfigPath, Problems } from '../core/problems.ts';
import type { StatStore } from '../core/stats/stats.ts';
import type { FilterChain } from '../http/filter-chain.ts';
import { CompileRun, type ThreadServices } from './compile-context.ts';

const NO_CLUSTERS = { has: () => false };

/** Makes the filters that stand before the upstreams of one thread's clusters. */
export class UpstreamFilters implements UpstreamFilterFactory {
  readonly #thread: ThreadServices;
  readonly #services: () => ReadonlyMap<ServiceKey<unknown>, unknown>;

  constructor(thread: ThreadServices, services: () => ReadonlyMap<ServiceKey<unknown>, unknown>) {
    this.#thread = thread;
    this.#services = services;
  }

  /** The main thread has compiled the same without a problem. */
  create(filters: readonly FilterSpec[], statScope: string, stats: StatStore): FilterChain {
    const problems = new Problems();
    const run = new CompileRun({ ...this.#thread, stats }, problems, NO_CLUSTERS, this.#services());
    const entries = filters.map(({ name, typeUrl, value, disabled, isOptional }) => {
      return { name, disabled, isOptional, configType: { case: 'typedConfig', value: { typeUrl, value: Buffer.from(value, 'base64') } } } as const;
    });
    const chain = createUpstreamFilters(entries, statScope, ConfigPath.root, run);
    if (!problems.ok) throw new Error(`filters that were good in the main thread are not here: ${problems.errors[0]!.message}`);
    return chain;
  }
}
