import type { ServerNameMatcher } from '../../../api/generated/xds/type/matcher/v3.ts';
import type { CompileContext } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import { wireText } from '../../../core/wire-text.ts';
import { CUSTOM_INDEX_PARTS } from '../compile.ts';
import type { BranchIndex, MatchTree } from '../match-tree.ts';

type Branch = MatchTree<never, unknown>;

/** `xds.type.matcher.v3.ServerNameMatcher`. */
export function compileDomains({ domainMatchers }: ServerNameMatcher, at: ConfigPath, context: CompileContext): BranchIndex<never, unknown> {
  const parts = context.service(CUSTOM_INDEX_PARTS);
  const branches = new Map<string, Branch>();
  const seen = new Set<string>();
  domainMatchers.forEach((matcher, index) => {
    const matcherAt = at.field('domain_matchers').index(index);
    const onMatch = parts.onMatch(matcher.onMatch, matcherAt.field('on_match'));
    matcher.domains.forEach((domain, place) => {
      const fault = seen.has(domain) ? `Duplicate domain in ServerNameMatcher: ${domain}` : domainFault(domain);
      if (fault !== undefined) context.error(matcherAt.field('domains').index(place), fault);
      seen.add(domain);
      if (onMatch !== undefined) branches.set(wireText(domain), onMatch);
    });
  });
  return new DomainIndex(branches);
}

/** Envoy's sentences. */
function domainFault(domain: string): string | undefined {
  if (domain === '*') return undefined;
  const star = domain.indexOf('*');
  if (star < 0) return undefined;
  if (star !== 0 || domain.length < 3 || domain[1] !== '.') return `Invalid wildcard domain format: ${domain}. Only '*' and '*.domain' patterns are supported`;
  return domain.includes('*', 1) ? `Invalid wildcard domain format: ${domain}. Multiple wildcards are not supported` : undefined;
}

/** The name itself, then wildcards from the longest to the shortest, then `*`; the next where nothing matches below one. */
class DomainIndex implements BranchIndex<never, unknown> {
  readonly #exact = new Map<string, Branch>();
  /** By what follows `*.`. */
  readonly #wildcards = new Map<string, Branch>();
  readonly #everything: Branch | undefined;

  constructor(branches: ReadonlyMap<string, Branch>) {
    this.#everything = branches.get('*');
    for (const [domain, branch] of branches) {
      if (domain.startsWith('*.')) this.#wildcards.set(domain.substring(2), branch);
      else if (domain !== '*') this.#exact.set(domain, branch);
    }
  }

  match(value: string, data: never): unknown {
    if (value === '') return undefined;
    const exact = this.#exact.get(value)?.match(data);
    if (exact !== undefined) return exact;
    for (let dot = value.indexOf('.'); dot >= 0; dot = value.indexOf('.', dot + 1)) {
      const found = this.#wildcards.get(value.substring(dot + 1))?.match(data);
      if (found !== undefined) return found;
    }
    return this.#everything?.match(data);
  }
}
