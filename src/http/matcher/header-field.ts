import type { HeaderMap } from '../header-map.ts';
import { headerName, type HeaderName } from '../header-name.ts';

/** A header as configurations name it: a line, or a pseudo-header with its colon. `host` is `:authority`. */
export interface HeaderField {
  /** The first value; undefined when there is none. */
  first(headers: HeaderMap): string | undefined;
  /** All values, in order. */
  all(headers: HeaderMap): readonly string[];
  /** All values with commas between; undefined when there is none. */
  joined(headers: HeaderMap): string | undefined;
}

export function headerField(name: string): HeaderField {
  const lowerCase = name.toLowerCase();
  const pseudo = PSEUDO_HEADERS.get(lowerCase);
  return pseudo === undefined ? new LineField(headerName(lowerCase)) : new PseudoField(pseudo);
}

const PSEUDO_HEADERS: ReadonlyMap<string, PseudoName> = new Map([
  [':method', 'method'],
  [':path', 'path'],
  [':authority', 'authority'],
  ['host', 'authority'],
  [':scheme', 'scheme'],
  [':status', 'status'],
]);

type PseudoName = 'method' | 'path' | 'authority' | 'scheme' | 'status';

class LineField implements HeaderField {
  readonly #name: HeaderName;

  constructor(name: HeaderName) {
    this.#name = name;
  }

  first(headers: HeaderMap): string | undefined {
    return headers.get(this.#name);
  }

  all(headers: HeaderMap): readonly string[] {
    return headers.getAll(this.#name);
  }

  joined(headers: HeaderMap): string | undefined {
    return headers.getJoined(this.#name);
  }
}

class PseudoField implements HeaderField {
  readonly #name: PseudoName;

  constructor(name: PseudoName) {
    this.#name = name;
  }

  first(headers: HeaderMap): string | undefined {
    const value = headers[this.#name];
    if (value === '' || value === 0) return undefined;
    return typeof value === 'string' ? value : String(value);
  }

  all(headers: HeaderMap): readonly string[] {
    const value = this.first(headers);
    return value === undefined ? [] : [value];
  }

  joined(headers: HeaderMap): string | undefined {
    return this.first(headers);
  }
}
