import { SyntaxFault } from './syntax-fault.ts';
import { MAX_STRING_LENGTH } from './tree.ts';
import { BACKSLASH, CARRIAGE_RETURN, ESCAPE_SEQUENCE, escapeLength, isBlank, isBreak, LINE_FEED, readEscape, SPACE, TAB } from './yaml-characters.ts';

/**
 * Scalars that span lines, or hold escapes: folding, chomping and indentation as yaml-cpp does them, including where that differs
 * from the YAML standard.
 */

export interface ScalarRules {
  /** Whether the scalar ends at this position, before its line does. */
  endsAt(at: number): boolean;
  /** `fold` joins lines with spaces, `fold-block` does so between lines of equal indentation, `keep` keeps line breaks. */
  readonly folding: 'fold' | 'fold-block' | 'keep';
  /** The column that following lines must reach. */
  readonly indent: number;
  /** Block scalars take the indentation of their first line. */
  readonly detectIndent: boolean;
  readonly escape: number | undefined;
  readonly trimLineStarts: boolean;
  readonly trimEnd: boolean;
  readonly chomping: 'clip' | 'strip' | 'keep';
  /** What `---` at the start of a line does. */
  readonly atDocumentMark: 'end' | 'fail' | 'nothing';
  readonly refuseTabs: boolean;
  readonly mustEnd: boolean;
}

export interface ScannedScalar {
  readonly value: string;
  /** Where scanning stopped. */
  readonly end: number;
  /** The start of the line in which it stopped. */
  readonly lineStart: number;
  /** It ended because a line was indented less. */
  readonly endedByIndent: boolean;
}

export function isDocumentMark(text: string, at: number): boolean {
  if (!text.startsWith('---', at) && !text.startsWith('...', at)) return false;
  const after = text.charCodeAt(at + 3);
  return Number.isNaN(after) || isBlank(after) || isBreak(after);
}

export class ScalarText {
  readonly #text: string;
  readonly #rules: ScalarRules;
  readonly #start: number;
  #at: number;
  #lineStart: number;
  #indent: number;
  /** What is certain; joined once at the end. */
  readonly #parts: string[] = [];
  #length = 0;
  /** Up to this length the value is kept by an escape, whatever is trimmed. */
  #escapedLength = 0;
  #hasContent = false;
  #pastFirstBreak: boolean;
  #emptyLine = false;
  #moreIndented = false;
  #foldedBreaks = 0;
  #foldStartedMoreIndented = false;

  constructor(text: string, start: number, lineStart: number, rules: ScalarRules) {
    this.#text = text;
    this.#rules = rules;
    this.#start = start;
    this.#at = start;
    this.#lineStart = lineStart;
    this.#indent = rules.indent;
    this.#pastFirstBreak = rules.folding === 'fold';
  }

  scan(): ScannedScalar {
    let endedByIndent = false;
    for (let line = this.#scanLine(); line !== 'end'; line = this.#scanLine()) {
      this.#nextLine();
      this.#joinLine(line === 'escaped-break');
      if (this.#at >= this.#text.length && this.#rules.mustEnd) this.#fail('illegal EOF in scalar');
      endedByIndent = !this.#emptyLine && this.#column < this.#indent;
      if (endedByIndent || this.#at >= this.#text.length) break;
    }
    return { value: this.#finish(), end: this.#at, lineStart: this.#lineStart, endedByIndent };
  }

  get #column(): number {
    return this.#at - this.#lineStart;
  }

  #fail(reason: string, offset = this.#at): never {
    throw new SyntaxFault(offset, reason);
  }

  #add(part: string): void {
    if (part === '') return;
    this.#parts.push(part);
    this.#length += part.length;
  }

  /** Takes the rest of the line. */
  #scanLine(): 'end' | 'break' | 'escaped-break' {
    const text = this.#text;
    const rules = this.#rules;
    const start = this.#at;
    let contentEnd = start;
    let escapedEnd = start;
    for (;;) {
      const code = text.charCodeAt(this.#at);
      if (code !== code || this.#isAtMark() || rules.endsAt(this.#at)) {
        this.#addLine(start, this.#at, escapedEnd);
        if (code !== code && rules.mustEnd) this.#fail('illegal EOF in scalar');
        return 'end';
      }
      if (isBreak(code)) break;
      this.#hasContent = true;
      this.#pastFirstBreak = true;
      if (code === rules.escape) {
        if (code === BACKSLASH && isBreak(text.charCodeAt(this.#at + 1))) {
          this.#addLine(start, this.#at, this.#at);
          this.#at++;
          return 'escaped-break';
        }
        this.#at = Math.min(this.#at + (code === BACKSLASH ? escapeLength(text, this.#at + 1) : 2), text.length);
        contentEnd = escapedEnd = this.#at;
        continue;
      }
      this.#at++;
      if (!isBlank(code)) contentEnd = this.#at;
    }
    this.#addLine(start, rules.folding === 'fold' ? contentEnd : this.#at, escapedEnd);
    return 'break';
  }

  #isAtMark(): boolean {
    if (this.#at !== this.#lineStart || this.#rules.atDocumentMark === 'nothing' || !isDocumentMark(this.#text, this.#at)) return false;
    if (this.#rules.atDocumentMark === 'fail') this.#fail('illegal document indicator in scalar');
    return true;
  }

  /** `escapedEnd` is where the last escape of the line ends. */
  #addLine(start: number, end: number, escapedEnd: number): void {
    if (end - this.#start > MAX_STRING_LENGTH) this.#fail(`a string of more than ${MAX_STRING_LENGTH} characters`, this.#start);
    if (escapedEnd > start) {
      this.#add(this.#unescape(start, escapedEnd));
      this.#escapedLength = this.#length;
    }
    this.#add(this.#text.slice(Math.max(start, escapedEnd), end));
  }

  #unescape(start: number, end: number): string {
    const raw = this.#text.slice(start, end);
    if (this.#rules.escape !== BACKSLASH) return raw.replaceAll("''", "'");
    return raw.replace(ESCAPE_SEQUENCE, (sequence, offset: number) => {
      const escape = readEscape(sequence, 1);
      return typeof escape === 'string' ? this.#fail(escape, start + offset) : escape.text;
    });
  }

  /** Over the line break and the white space that starts the next line. */
  #nextLine(): void {
    const text = this.#text;
    const rules = this.#rules;
    this.#at += text.charCodeAt(this.#at) === CARRIAGE_RETURN && text.charCodeAt(this.#at + 1) === LINE_FEED ? 2 : 1;
    this.#lineStart = this.#at;
    const detecting = rules.detectIndent && !this.#hasContent;
    while (text.charCodeAt(this.#at) === SPACE && (this.#column < this.#indent || detecting) && !rules.endsAt(this.#at)) this.#at++;
    if (detecting) this.#indent = Math.max(this.#indent, this.#column);
    while (isBlank(text.charCodeAt(this.#at))) {
      const isTab = text.charCodeAt(this.#at) === TAB;
      if (isTab && this.#column < this.#indent && rules.refuseTabs) this.#fail('illegal tab when looking for indentation');
      if (!rules.trimLineStarts || rules.endsAt(this.#at)) break;
      this.#at++;
    }
  }

  /** Decides what stands between the line before and the one that starts here. */
  #joinLine(escapedBreak: boolean): void {
    const code = this.#text.charCodeAt(this.#at);
    const nextEmpty = isBreak(code);
    const nextMoreIndented = isBlank(code);
    const { folding } = this.#rules;
    if (folding === 'fold-block' && this.#foldedBreaks === 0 && nextEmpty) this.#foldStartedMoreIndented = this.#moreIndented;
    if (this.#pastFirstBreak) {
      if (folding === 'keep') this.#add('\n');
      else if (folding === 'fold-block') this.#foldBlock(nextEmpty, nextMoreIndented);
      else if (nextEmpty) this.#add('\n');
      else if (!this.#emptyLine && !escapedBreak) this.#add(' ');
    }
    this.#emptyLine = nextEmpty;
    this.#moreIndented = nextMoreIndented;
    this.#pastFirstBreak = true;
  }

  #foldBlock(nextEmpty: boolean, nextMoreIndented: boolean): void {
    const joins = !this.#emptyLine && !nextEmpty && !this.#moreIndented && !nextMoreIndented && this.#column >= this.#indent;
    if (joins) this.#add(' ');
    else if (nextEmpty) this.#foldedBreaks++;
    else this.#add('\n');
    if (nextEmpty || this.#foldedBreaks === 0) return;
    const isVerbatim = this.#foldStartedMoreIndented || nextMoreIndented || !this.#hasContent;
    this.#add('\n'.repeat(this.#foldedBreaks - (isVerbatim ? 0 : 1)));
    this.#foldedBreaks = 0;
  }

  #finish(): string {
    const { trimEnd, chomping } = this.#rules;
    let value = this.#parts.join('');
    if (trimEnd) value = value.slice(0, this.#contentLength(value, (code) => code !== SPACE && code !== TAB));
    if (chomping === 'keep') return value;
    const end = this.#contentLength(value, (code) => code !== LINE_FEED);
    return value.slice(0, end === 0 || chomping === 'strip' ? end : end + 1);
  }

  /** The length without what `isContent` refuses at the end. */
  #contentLength(value: string, isContent: (code: number) => boolean): number {
    let length = value.length;
    while (length > this.#escapedLength && !isContent(value.charCodeAt(length - 1))) length--;
    return length;
  }
}
