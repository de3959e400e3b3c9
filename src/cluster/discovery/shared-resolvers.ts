import type { ResolverSpec } from '../cluster-spec.ts';
import type { NameResolver } from './name-resolver.ts';

interface SharedResolver {
  readonly resolver: NameResolver;
  users: number;
}

/** One resolver for all clusters that ask for the same, for as long as one of them runs. */
export class SharedResolvers {
  readonly #create: (spec: ResolverSpec) => NameResolver;
  readonly #byKey = new Map<string, SharedResolver>();

  constructor(create: (spec: ResolverSpec) => NameResolver) {
    this.#create = create;
  }

  /** To be given back by `release`, once. */
  take(spec: ResolverSpec): NameResolver {
    const key = JSON.stringify(spec);
    let shared = this.#byKey.get(key);
    if (shared === undefined) this.#byKey.set(key, (shared = { resolver: this.#create(spec), users: 0 }));
    shared.users++;
    return shared.resolver;
  }

  release(spec: ResolverSpec): void {
    const key = JSON.stringify(spec);
    const shared = this.#byKey.get(key);
    if (shared === undefined || --shared.users > 0) return;
    this.#byKey.delete(key);
    shared.resolver.close();
  }
}
