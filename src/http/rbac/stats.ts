import { type Counter, defineStats, type StatGroup, type StatStore } from '../../core/stats/stats.ts';
import type { RbacVerdict } from './compile.ts';

const STATS = defineStats({ counters: ['allowed', 'denied'] });
const SHADOW_STATS = defineStats({ counters: ['shadow_allowed', 'shadow_denied'] });

/** `<scope>[.<prefix>].allowed` or `.shadow_allowed`, and `denied`; of policies, where asked for, below `<scope>[.<prefix>].policy.<name>`. */
export class RbacStats {
  readonly #group: StatGroup;
  readonly #isShadow: boolean;
  /** By the policy's name and the verdict. As many as the configuration has policies at most. */
  readonly #policies = new Map<string, Counter>();

  constructor(store: StatStore, scope: string, prefix: string, isShadow: boolean) {
    this.#group = store.group(prefix === '' ? scope : `${scope}.${prefix.replace(/\.$/, '')}`, isShadow ? SHADOW_STATS : STATS);
    this.#isShadow = isShadow;
  }

  count({ allowed }: RbacVerdict): void {
    if (this.#isShadow) this.#group.inc(allowed ? SHADOW_STATS.shadow_allowed : SHADOW_STATS.shadow_denied);
    else this.#group.inc(allowed ? STATS.allowed : STATS.denied);
  }

  countPolicy({ allowed, policy }: RbacVerdict): void {
    if (policy === '') return;
    const name = `policy.${policy}.${this.#isShadow ? 'shadow_' : ''}${allowed ? 'allowed' : 'denied'}`;
    let counter = this.#policies.get(name);
    if (counter === undefined) this.#policies.set(name, (counter = this.#group.counter(name)));
    counter.inc();
  }
}
