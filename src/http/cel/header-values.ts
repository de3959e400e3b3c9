import type { HeaderMap } from '../header-map.ts';
import { headerField } from '../matcher/header-field.ts';
import { CelMap, type CelResult, type CelValue } from './value.ts';

const NAME = /^:?[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Lines of a message and its pseudo-headers, by their names in any case. Lines of one name are one value. */
export class HeaderValues extends CelMap {
  readonly #headers: HeaderMap | undefined;

  constructor(headers: HeaderMap | undefined) {
    super();
    this.#headers = headers;
  }

  get size(): number {
    return this.#names().size;
  }

  get(key: CelValue): CelResult {
    return typeof key === 'string' ? headerText(this.#headers, key) : undefined;
  }

  keys(): readonly CelValue[] {
    return [...this.#names()];
  }

  #names(): Set<string> {
    const names = new Set<string>();
    const headers = this.#headers;
    if (headers === undefined) return names;
    if (headers.method !== '') names.add(':method');
    if (headers.path !== '') names.add(':path');
    if (headers.authority !== '') names.add(':authority');
    if (headers.scheme !== '') names.add(':scheme');
    if (headers.status !== 0) names.add(':status');
    headers.forEach((name) => names.add(name));
    return names;
  }
}

/** For a name that the configuration does not hold: it is not kept. */
function headerText(headers: HeaderMap | undefined, name: string): string | undefined {
  if (headers === undefined || !NAME.test(name)) return undefined;
  const lowerCase = name.toLowerCase();
  if (lowerCase.startsWith(':') || lowerCase === 'host') return headerField(lowerCase).first(headers);
  let text: string | undefined;
  headers.forEach((line, value) => {
    if (line === lowerCase) text = text === undefined ? value : `${text},${value}`;
  });
  return text;
}

/** Reads the header of this name. */
export function compileHeaderText(name: string): (headers: HeaderMap | undefined) => CelResult {
  if (!NAME.test(name)) return () => undefined;
  const field = headerField(name);
  return (headers) => headers && field.joined(headers);
}
