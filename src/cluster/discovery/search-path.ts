/** The part of `resolv.conf` that says how short names are completed. */
export interface SearchPath {
  readonly domains: readonly string[];
  /** A name with this many dots is first tried as it is. */
  readonly ndots: number;
}

export const NO_SEARCH: SearchPath = { domains: [], ndots: 1 };

/** As the C library reads it: the last `search` or `domain` line counts. */
export function parseSearchPath(text: string): SearchPath {
  let { domains, ndots } = NO_SEARCH;
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line.trim().split(/\s+/);
    if (keyword === 'search' || keyword === 'domain') domains = words;
    if (keyword !== 'options') continue;
    for (const word of words) {
      const given = /^ndots:(\d+)$/.exec(word);
      if (given !== null) ndots = Math.min(Number(given[1]), 15);
    }
  }
  return { domains, ndots };
}

/** The names to ask for, in order. A name that ends in a dot is complete. */
export function candidates(name: string, { domains, ndots }: SearchPath): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const completed = domains.map((domain) => `${name}.${domain.replace(/\.$/, '')}`);
  const dots = name.split('.').length - 1;
  return dots >= ndots ? [name, ...completed] : [...completed, name];
}

export async function readSearchPath(path: string): Promise<SearchPath> {
  try {
    return parseSearchPath(await process.getBuiltinModule('node:fs/promises').readFile(path, 'utf8'));
  } catch {
    return NO_SEARCH;
  }
}
