/** What the origin answers to a path that ends like this: 16 KiB of JSON as an API returns it, the same in every run. */
export const JSON_PATH = '/catalogue.json';
const JSON_BYTES = 16 * 1024;

const WORDS = 'steel paper green small large round light heavy north south bottle table window engine garden silver copper orange'.split(' ');

export function jsonBody(): string {
  const next = generator(1);
  const word = (): string => WORDS[next() % WORDS.length]!;
  const items: string[] = [];
  let length = 0;
  for (let id = 1; ; id++) {
    const item = JSON.stringify({
      id,
      sku: next().toString(36),
      name: `${word()} ${word()} ${word()}`,
      price: (next() % 100_000) / 100,
      in_stock: next() % 3 > 0,
      tags: [word(), word()],
      updated_at: new Date(1_700_000_000_000 + (next() % 10_000_000) * 1000).toISOString(),
    });
    length += item.length + 1;
    if (length > JSON_BYTES - 1) return `[${items.join(',').padEnd(JSON_BYTES - 2)}]`;
    items.push(item);
  }
}

/** The numbers of a linear congruence, 0…2^31. */
function generator(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff) >>> 7;
}
