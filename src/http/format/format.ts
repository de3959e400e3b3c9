import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { wireText } from '../../core/wire-text.ts';
import { FormatRow } from './format-row.ts';
import type { FormatContext } from './operator.ts';
import { compileTemplate } from './template.ts';

/** A compiled substitution text. What it makes is bytes of the wire. */
export interface Format {
  format(context: FormatContext): string;
}

/**
 * The value of a header: an operator without a value leaves nothing, and what an operator brings ends no line. Reports everything
 * that is wrong.
 */
export function compileFormat(text: string, at: ConfigPath, context: CompileContext): Format | undefined {
  const format = compileFormatBytes(wireText(text), at, context);
  return format && new CleanFormat(format, withoutControls);
}

/** A host; `absent` stands for what has no value. */
export function compileHostFormat(text: string, absent: string, at: ConfigPath, context: CompileContext): Format | undefined {
  const format = compileTextFormat(wireText(text), absent, at, context);
  return format && new CleanFormat(format, withoutControls);
}

/** A part of a request line: what would end it there is percent-encoded. */
export function compileTargetFormat(text: string, absent: string, at: ConfigPath, context: CompileContext): Format | undefined {
  const format = compileTextFormat(wireText(text), absent, at, context);
  return format && new CleanFormat(format, withoutBreaks);
}

/** The same with control characters as they come; `bytes` are those of the wire. */
export function compileFormatBytes(bytes: string, at: ConfigPath, context: CompileContext): Format | undefined {
  return compileTextFormat(translated(bytes), '', at, context);
}

/** Older spellings that only header values have: a JSON list for a metadata path, `PER_REQUEST_STATE` for plain filter state. */
function translated(bytes: string): string {
  return bytes
    .replace(/%(UPSTREAM_METADATA|DYNAMIC_METADATA)\(\[\s*("[^"]*"(?:\s*,\s*"[^"]*")*)\s*\]\)%/g, (_whole, name: string, list: string) => {
      const path = [...list.matchAll(/"([^"]*)"/g)].map((match) => match[1]);
      return `%${name}(${path.join(':')})%`;
    })
    .replace(/%PER_REQUEST_STATE\(([^)]*)\)%/g, '%FILTER_STATE($1:PLAIN)%');
}

/** `absent` stands for what has no value. */
export function compileTextFormat(bytes: string, absent: string, at: ConfigPath, context: CompileContext): Format | undefined {
  const template = compileTemplate(bytes, at, context);
  return template && new FormatRow(template, (operator, context) => operator.text(context) ?? absent);
}

/** Operators decode what a client wrote (`%0d%0a`): what must not stand in a line is replaced (RFC 9110 §5.5). */
class CleanFormat implements Format {
  readonly #format: Format;
  readonly #clean: (value: string) => string;

  constructor(format: Format, clean: (value: string) => string) {
    this.#format = format;
    this.#clean = clean;
  }

  format(context: FormatContext): string {
    return this.#clean(this.#format.format(context));
  }
}

/** A value of a header that comes from elsewhere than a header, as from a certificate: it ends no line. */
export const withoutControls = replacing(/[\0-\x08\x0a-\x1f\x7f]/, () => ' ');
const withoutBreaks = replacing(/[\0-\x20\x7f]/, percentEncoded);

function replacing(unfit: RegExp, replacement: (character: string) => string): (value: string) => string {
  const everyUnfit = new RegExp(unfit, 'g');
  return (value) => (unfit.test(value) ? value.replace(everyUnfit, replacement) : value);
}

function percentEncoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
