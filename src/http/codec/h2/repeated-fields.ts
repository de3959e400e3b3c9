import type { HeadLines } from '../../header-map.ts';
import { internedHeaderNames } from '../../header-name.ts';
import type { TableEntry } from './hpack-table.ts';

/** A longer head is read anew each time. */
const MAX_FIELDS = 64;
const MAX_TEXT = 4096;
/** Texts of this thread's heads that are kept for the sake of being the same strings. */
const MAX_SHARED_TEXTS = 256;

const sharedTexts = new Map<string, string>();

/** What the regular fields of a head came to. */
export interface RegularFields {
  readonly lines: HeadLines;
  /** How many of the fields do not count, as they have become one line with others. */
  readonly joined: number;
  readonly contentLength: number;
  readonly underscores: number;
}

/**
 * The entries of a connection's last head, and what they came to. Peers say most of each message again: the next head that consists of the
 * same entries takes it over.
 */
export class RepeatedFields {
  readonly entries: TableEntry[] = [];
  fields: RegularFields | undefined;
  #names = 0;

  /** How many entries there are to follow. */
  get length(): number {
    // What was read before a name was interned does not know it.
    if (this.#names !== internedHeaderNames()) this.entries.length = 0;
    return this.entries.length;
  }

  remember(entries: readonly TableEntry[], count: number, fields: RegularFields): void {
    this.entries.length = 0;
    if (count > MAX_FIELDS || fields.lines.text.length > MAX_TEXT) return;
    for (let at = 0; at < count; at++) this.entries.push(entries[at]!);
    this.fields = { ...fields, lines: { ...fields.lines, text: sharedText(fields.lines.text) } };
    this.#names = internedHeaderNames();
  }
}

/** The same text in one piece, and for equal texts of several connections the same string: to compare them costs nothing then. */
function sharedText(text: string): string {
  const shared = sharedTexts.get(text);
  if (shared !== undefined) return shared;
  if (sharedTexts.size >= MAX_SHARED_TEXTS) sharedTexts.clear();
  const flat = Buffer.from(text, 'latin1').toString('latin1');
  sharedTexts.set(flat, flat);
  return flat;
}
