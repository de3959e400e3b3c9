import type { HeaderMap } from '../header-map.ts';
import type { StreamInfo } from '../stream-info.ts';
import { AffixTable } from './affix-table.ts';
import { conditionsHold, type RouteEntry } from './route-entry.ts';

/**
 * Finds the first matching route without looking at each.
 *
 * A route whose pattern says what its paths equal or begin with is listed under that text. All texts that a path begins with form a
 * chain of prefixes; one pass over the path finds the longest, and the chain leads to the others. The routes under them, and those
 * without such a text, are all that can match. The smallest position among those that do match is the answer: the same as that of
 * the list read from its start, because conditions have no memory and so may be asked in any order.
 */
export class RouteIndex {
  readonly #entries: readonly RouteEntry[];
  /** Routes of which nothing is known, ascending. */
  readonly #others: readonly number[];
  readonly #caseSensitive: KeyChains | undefined;
  readonly #caseInsensitive: KeyChains | undefined;

  constructor(entries: readonly RouteEntry[]) {
    this.#entries = entries;
    const others: number[] = [];
    entries.forEach(({ path }, at) => {
      if (path.key === undefined) others.push(at);
    });
    this.#others = others;
    this.#caseSensitive = keyChains(entries, false);
    this.#caseInsensitive = keyChains(entries, true);
  }

  /** The position of the first entry that matches, or -1. `path` is not empty. */
  find(path: string, end: number, headers: HeaderMap, randomValue: number, info: StreamInfo): number {
    let best = this.#entries.length;
    if (this.#caseSensitive !== undefined) best = this.#findInChain(this.#caseSensitive, best, path, end, headers, randomValue, info);
    if (this.#caseInsensitive !== undefined) best = this.#findInChain(this.#caseInsensitive, best, path, end, headers, randomValue, info);
    best = this.#findAmong(this.#others, best, path, end, headers, randomValue, info);
    return best === this.#entries.length ? -1 : best;
  }

  #findInChain(chains: KeyChains, limit: number, path: string, end: number, headers: HeaderMap, randomValue: number, info: StreamInfo): number {
    let best = limit;
    let at = chains.table.longest(path, end, end);
    if (at < 0) return best;
    const longest = chains.links[at];
    if (longest.text.length === end) best = this.#findAmong(longest.exact, best, path, end, headers, randomValue, info);
    for (; at >= 0; at = chains.links[at].parent) {
      best = this.#findAmong(chains.links[at].prefix, best, path, end, headers, randomValue, info);
    }
    return best;
  }

  /** The first of these positions that is below `limit` and matches; else `limit`. */
  #findAmong(positions: readonly number[], limit: number, path: string, end: number, headers: HeaderMap, randomValue: number, info: StreamInfo): number {
    for (let at = 0; at < positions.length && positions[at] < limit; at++) {
      const entry = this.#entries[positions[at]];
      if ((entry.path.key?.sufficient === true || entry.path.matches(path, end)) && conditionsHold(entry, headers, randomValue, info)) {
        return positions[at];
      }
    }
    return limit;
  }
}

/** One text that paths are looked up by. */
interface KeyLink {
  readonly text: string;
  /** Routes for paths that equal the text, and for paths that begin with it; ascending. */
  readonly exact: number[];
  readonly prefix: number[];
  /** The longest other text that this one begins with and that has routes under `prefix`; -1 = none. */
  parent: number;
}

interface KeyChains {
  readonly table: AffixTable;
  readonly links: readonly KeyLink[];
}

function keyChains(entries: readonly RouteEntry[], ignoreCase: boolean): KeyChains | undefined {
  const links = new Map<string, KeyLink>();
  entries.forEach((entry, at) => {
    const { key } = entry.path;
    if (key === undefined || key.ignoreCase !== ignoreCase) return;
    let link = links.get(key.text);
    if (link === undefined) links.set(key.text, (link = { text: key.text, exact: [], prefix: [], parent: -1 }));
    const list = link[key.kind];
    if (!endsWithCertainty(list, entries)) list.push(at);
  });
  if (links.size === 0) return undefined;
  const all = [...links.values()];
  connect(all, ignoreCase);
  return { table: new AffixTable([...links.keys()], { ignoreCase }), links: all };
}

/** The last route of the list takes whatever comes to it, so that nothing after it is reached. */
function endsWithCertainty(list: readonly number[], entries: readonly RouteEntry[]): boolean {
  const last = list.length === 0 ? undefined : entries[list[list.length - 1]];
  return last !== undefined && last.conditions.length === 0 && last.path.key?.sufficient === true;
}

function connect(links: readonly KeyLink[], ignoreCase: boolean): void {
  const positions = new Map<string, number>();
  links.forEach((link, at) => {
    if (link.prefix.length > 0) positions.set(link.text, at);
  });
  const table = new AffixTable([...positions.keys()], { ignoreCase });
  const targets = [...positions.values()];
  for (const link of links) {
    const found = table.longest(link.text, link.text.length, link.text.length - 1);
    if (found >= 0) link.parent = targets[found];
  }
}
