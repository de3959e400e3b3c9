import { HeaderMap } from '../header-map.ts';
import { INCOMPLETE } from './h1-grammar.ts';

/** How the names of fields are written on HTTP/1 connections of one side (`header_key_format`). */
export interface FieldCase {
  readonly write: 'lower' | 'proper';
  /** Names that are read here keep their letters wherever they go; this is how names that this proxy adds to them are written. */
  readonly keep: 'no' | 'lower' | 'proper';
}

export const LOWER_CASE: FieldCase = { write: 'lower', keep: 'no' };

/** `x-a_b` → `X-A_B`: capitals at the start and behind whatever is no letter or digit. */
function properName(name: string): string {
  return name.replace(/(?<![a-z0-9])[a-z]/g, (letter) => letter.toUpperCase());
}

/** Names in a block of field lines. */
export function properFields(lines: string): string {
  return lines.replace(/^[^:\r\n]+(?=:)/gm, properName);
}

/** Fields whose names are written as they were read. */
export class CasedHeaderMap extends HeaderMap {
  readonly #names = new Map<string, string>();
  readonly #added: 'lower' | 'proper';

  constructor(added: 'lower' | 'proper') {
    super();
    this.#added = added;
  }

  /**
   * Takes the names from `head`, a copy of what `parsed` held before it was parsed from `at` on, up to `headEnd`. Parsing writes names in
   * lower case in place: of a head that is incomplete they are put back.
   */
  learn(head: Buffer, parsed: Buffer, at: number, headEnd: number): void {
    if (headEnd === INCOMPLETE) head.copy(parsed, at);
    if (headEnd < 0) return;
    for (const [name] of head.toString('latin1', 0, headEnd - at).matchAll(/(?<=\n)[^:\s]+(?=:)/g)) {
      const lower = name.toLowerCase();
      if (!this.#names.has(lower)) this.#names.set(lower, name);
    }
  }

  override serialise(): string {
    let lines = '';
    this.forEach((name, value) => {
      lines += `${this.nameOf(name)}: ${value}\r\n`;
    });
    return lines;
  }

  override nameOf(name: string): string {
    return this.#names.get(name) ?? (this.#added === 'proper' ? properName(name) : name);
  }
}
