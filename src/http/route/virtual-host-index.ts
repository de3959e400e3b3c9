import { asciiLowerCase } from '../ascii-case.ts';
import { AffixTable } from './affix-table.ts';

/**
 * Which virtual host owns a host name (`VirtualHost.domains`): the exact name, else the longest suffix wildcard (`*.foo.com`), else the
 * longest prefix wildcard (`foo.*`), else `*`. Wildcards stand for at least one character. Case does not matter. A star elsewhere is
 * an ordinary character.
 */
export class VirtualHostIndex<Entry> {
  readonly #exact = new Map<string, Entry>();
  readonly #suffixes: WildcardDomains<Entry>;
  readonly #prefixes: WildcardDomains<Entry>;
  readonly #fallback: Entry | undefined;

  /** Domains are distinct when compared in lower case. */
  constructor(domains: Iterable<readonly [domain: string, entry: Entry]>) {
    const suffixes = new Map<string, Entry>();
    const prefixes = new Map<string, Entry>();
    for (const [text, entry] of domains) {
      const domain = asciiLowerCase(text);
      if (domain === '*') this.#fallback = entry;
      else if (domain.startsWith('*')) suffixes.set(domain.slice(1), entry);
      else if (domain.endsWith('*')) prefixes.set(domain.slice(0, -1), entry);
      else this.#exact.set(domain, entry);
    }
    this.#suffixes = wildcardDomains(suffixes, true);
    this.#prefixes = wildcardDomains(prefixes, false);
  }

  /** Only `*` is configured: the host need not be known. */
  get isTrivial(): boolean {
    return this.#exact.size === 0 && this.#suffixes === undefined && this.#prefixes === undefined;
  }

  get fallback(): Entry | undefined {
    return this.#fallback;
  }

  find(host: string): Entry | undefined {
    const name = asciiLowerCase(host);
    if (this.#exact.size > 0) {
      const entry = this.#exact.get(name);
      if (entry !== undefined) return entry;
    }
    return findWildcard(this.#suffixes, name) ?? findWildcard(this.#prefixes, name) ?? this.#fallback;
  }
}

type WildcardDomains<Entry> = { readonly table: AffixTable; readonly entries: readonly Entry[] } | undefined;

function wildcardDomains<Entry>(domains: ReadonlyMap<string, Entry>, fromEnd: boolean): WildcardDomains<Entry> {
  return domains.size === 0 ? undefined : { table: new AffixTable([...domains.keys()], { fromEnd }), entries: [...domains.values()] };
}

/** The star takes one character at least, so the affix is shorter than the name. */
function findWildcard<Entry>(domains: WildcardDomains<Entry>, name: string): Entry | undefined {
  if (domains === undefined) return undefined;
  const position = domains.table.longest(name, name.length, name.length - 1);
  return position < 0 ? undefined : domains.entries[position];
}
