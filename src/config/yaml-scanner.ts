import { SyntaxFault } from './syntax-fault.ts';
import {
  BACKSLASH,
  CARRIAGE_RETURN,
  COLON,
  DASH,
  DOUBLE_QUOTE,
  endsFlowItem,
  endsWord,
  HASH,
  isBlank,
  isBreak,
  isReservedStart,
  LINE_FEED,
  QUESTION,
  SINGLE_QUOTE,
  SPACE,
  TAB,
} from './yaml-characters.ts';
import { isDocumentMark, ScalarText, type ScalarRules } from './yaml-scalar-text.ts';

const NAME_END = /[\s,[\]{}]/g;
const DIGIT = /[0-9]/;

/** Reads the tokens of a YAML text one after the other, on request. */
export class YamlScanner {
  readonly text: string;
  #at = 0;
  #lineStart = 0;
  /** Whether a `key:` may start here: at the start of a line, after `- ` and `? `, but not after another key. */
  #keyAllowed = true;

  constructor(text: string) {
    this.text = text;
  }

  get at(): number {
    return this.#at;
  }

  /** Also names the line: two positions are in one line when these are equal. */
  get lineStart(): number {
    return this.#lineStart;
  }

  get column(): number {
    return this.#at - this.#lineStart;
  }

  get keyAllowed(): boolean {
    return this.#keyAllowed;
  }

  get atEnd(): boolean {
    return this.#at >= this.text.length;
  }

  /** NaN at the end. */
  get code(): number {
    return this.text.charCodeAt(this.#at);
  }

  fail(reason: string, offset = this.#at): never {
    throw new SyntaxFault(offset, reason);
  }

  /** Takes an indicator; whether a key may follow it in the same line is the caller's to say. */
  take(length: number, keyAllowed: boolean): void {
    this.#at += length;
    this.#keyAllowed = keyAllowed;
  }

  /** At the start of the text: it stands in no column. */
  takeByteOrderMark(): void {
    this.#at++;
    this.#lineStart = this.#at;
  }

  /** White space, comments and line breaks. */
  skipToToken(inFlow: boolean): void {
    const { text } = this;
    let at = this.#at;
    for (;;) {
      let code = text.charCodeAt(at);
      while (code === SPACE || code === TAB) {
        if (code === TAB && !inFlow) this.#keyAllowed = false;
        code = text.charCodeAt(++at);
      }
      if (code === HASH) {
        while (at < text.length && !isBreak(code)) code = text.charCodeAt(++at);
      }
      if (!isBreak(code)) break;
      at += code === CARRIAGE_RETURN && text.charCodeAt(at + 1) === LINE_FEED ? 2 : 1;
      this.#lineStart = at;
      if (!inFlow) this.#keyAllowed = true;
    }
    this.#at = at;
    if (inFlow && this.isAtDocumentMark()) this.fail('a document ends inside a flow collection');
  }

  /** Blanks within the line. */
  skipBlanks(): void {
    while (isBlank(this.text.charCodeAt(this.#at))) this.#at++;
  }

  isAtDocumentMark(): boolean {
    return this.#at === this.#lineStart && isDocumentMark(this.text, this.#at);
  }

  /** `- `. */
  isAtBlockEntry(): boolean {
    return this.code === DASH && endsWord(this.text.charCodeAt(this.#at + 1));
  }

  /** `? `. */
  isAtKeyIndicator(): boolean {
    return this.code === QUESTION && endsWord(this.text.charCodeAt(this.#at + 1));
  }

  /** `: `; in flow collections also `:` before `,` `]` `}`, and any `:` after what JSON could have written. */
  isAtValueIndicator(inFlow: boolean, afterJson: boolean): boolean {
    if (this.code !== COLON) return false;
    const next = this.text.charCodeAt(this.#at + 1);
    return endsWord(next) || (inFlow && (afterJson || endsFlowItem(next)));
  }

  /** The name behind `&` or `*`. */
  takeName(missing: string): string {
    NAME_END.lastIndex = this.#at + 1;
    const end = NAME_END.exec(this.text)?.index ?? this.text.length;
    const name = this.text.slice(this.#at + 1, end);
    if (name === '') this.fail(missing);
    this.#at = end;
    this.#keyAllowed = false;
    return name;
  }

  /** `!`, `!name`, `!!name` or `!<name>`, as written. */
  takeTag(): string {
    const start = this.#at;
    if (this.text[start + 1] === '<') {
      const end = this.text.indexOf('>', start);
      if (end < 0) this.fail('end of verbatim tag not found');
      this.#at = end + 1;
    } else {
      NAME_END.lastIndex = start;
      this.#at = NAME_END.exec(this.text)?.index ?? this.text.length;
    }
    this.#keyAllowed = false;
    const tag = this.text.slice(start, this.#at);
    if (tag.length > 1 && tag.endsWith('!')) this.fail('tag handle with no suffix', start);
    return tag.startsWith('!<') ? tag.slice(2, -1) : tag;
  }

  takeQuoted(): string {
    const { text } = this;
    const start = this.#at + 1;
    const quote = this.code;
    this.#keyAllowed = false;
    for (let at = start; ; at++) {
      const code = text.charCodeAt(at);
      if (code === quote && (quote === DOUBLE_QUOTE || text.charCodeAt(at + 1) !== quote)) {
        this.#at = at + 1;
        return text.slice(start, at);
      }
      // Escapes, folded lines and the end of the text are rare.
      const isPlain = !isBreak(code) && code === code && code !== quote && (code !== BACKSLASH || quote === SINGLE_QUOTE);
      if (!isPlain) return this.#takeLongQuoted(quote, start);
    }
  }

  #takeLongQuoted(quote: number, start: number): string {
    const { text } = this;
    const isDouble = quote === DOUBLE_QUOTE;
    const value = this.#takeScalar(start, {
      ...SCALAR,
      endsAt: isDouble
        ? (at) => text.charCodeAt(at) === DOUBLE_QUOTE
        : (at) => text.charCodeAt(at) === SINGLE_QUOTE && text.charCodeAt(at + 1) !== SINGLE_QUOTE,
      escape: isDouble ? BACKSLASH : SINGLE_QUOTE,
      atDocumentMark: 'fail',
      mustEnd: true,
    });
    this.#at++;
    return value;
  }

  #takeScalar(start: number, rules: ScalarRules): string {
    const { value, end, lineStart, endedByIndent } = new ScalarText(this.text, start, this.#lineStart, rules).scan();
    this.#keyAllowed = endedByIndent;
    this.#at = end;
    this.#lineStart = lineStart;
    return value;
  }

  /** True where an unquoted scalar can start. */
  isAtPlain(inFlow: boolean): boolean {
    const { code } = this;
    const next = this.text.charCodeAt(this.#at + 1);
    if (code === DASH) return inFlow ? !isBlank(next) && next === next : !endsWord(next);
    if (code === COLON) return !(inFlow ? isBlank(next) || next !== next : endsWord(next));
    if (code === QUESTION) return !inFlow && !endsWord(next);
    return !endsWord(code) && !isReservedStart(code);
  }

  /** `indent` is the column that further lines of the scalar must reach. */
  takePlain(inFlow: boolean, indent: number): string {
    const { text } = this;
    const start = this.#at;
    this.#keyAllowed = false;
    let contentEnd = start;
    for (let at = start; ; at++) {
      const code = text.charCodeAt(at);
      if (code === SPACE || code === TAB) continue;
      if (code === COLON || code === HASH || (inFlow && isFlowIndicator(code))) {
        if (this.#endsPlain(at, inFlow)) {
          this.#at = at;
          break;
        }
      } else if (code !== code || isBreak(code)) {
        if (!this.#endsWithLine(at, inFlow, indent)) return this.#takeLongPlain(inFlow, indent);
        this.#at = at;
        break;
      }
      contentEnd = at + 1;
    }
    return text.slice(start, contentEnd);
  }

  /** At `: `, ` #` and, in flow collections, at indicators. A `#` after a blank ends the scalar from the blank on. */
  #endsPlain(at: number, inFlow: boolean): boolean {
    const { text } = this;
    const code = text.charCodeAt(at);
    const next = text.charCodeAt(at + 1);
    if (code === COLON) return endsWord(next) || (inFlow && endsFlowItem(next));
    if (code === HASH) return at > this.#at && endsWord(text.charCodeAt(at - 1));
    return inFlow && isFlowIndicator(code);
  }

  /** Whether the next line cannot belong to the scalar, so that there is nothing to fold. */
  #endsWithLine(at: number, inFlow: boolean, indent: number): boolean {
    const { text } = this;
    if (at >= text.length) return true;
    if (inFlow) return false;
    let next = at + (text.charCodeAt(at) === CARRIAGE_RETURN && text.charCodeAt(at + 1) === LINE_FEED ? 2 : 1);
    const lineStart = next;
    while (text.charCodeAt(next) === SPACE) next++;
    const code = text.charCodeAt(next);
    return code === HASH || (next - lineStart < indent && code !== TAB && !isBreak(code));
  }

  #takeLongPlain(inFlow: boolean, indent: number): string {
    const { text } = this;
    return this.#takeScalar(this.#at, {
      ...SCALAR,
      endsAt: (at) => {
        const code = text.charCodeAt(at);
        if (code === COLON || (inFlow && isFlowIndicator(code))) return this.#endsPlain(at, inFlow);
        return endsWord(code) && text.charCodeAt(at + 1) === HASH;
      },
      indent: inFlow ? 0 : indent,
      trimEnd: true,
      chomping: 'strip',
      atDocumentMark: 'end',
      refuseTabs: true,
    });
  }

  /** `|` or `>` with its header and lines; `topColumn` is the column of the collection that it stands in. */
  takeBlock(folded: boolean, topColumn: number): string {
    const { text } = this;
    let at = this.#at + 1;
    let chomping: ScalarRules['chomping'] = 'clip';
    let indent = 1;
    let detectIndent = true;
    for (let read = 0; read < 2; read++, at++) {
      const letter = text[at] ?? '';
      if (letter === '+') chomping = 'keep';
      else if (letter === '-') chomping = 'strip';
      else if (letter === '0') this.fail('cannot set zero indentation for a block scalar', at);
      else if (DIGIT.test(letter)) {
        indent = Number(letter);
        detectIndent = false;
      } else break;
    }
    while (isBlank(text.charCodeAt(at))) at++;
    if (text.charCodeAt(at) === HASH) while (at < text.length && !isBreak(text.charCodeAt(at))) at++;
    if (at < text.length && !isBreak(text.charCodeAt(at))) this.fail('unexpected character in block scalar', at);
    const rules: ScalarRules = {
      ...SCALAR,
      folding: folded ? 'fold-block' : 'keep',
      indent: indent + Math.max(topColumn, 0),
      detectIndent,
      trimLineStarts: false,
      chomping,
      refuseTabs: true,
    };
    const value = this.#takeScalar(at, rules);
    this.#keyAllowed = true;
    return value;
  }
}

function isFlowIndicator(code: number): boolean {
  return FLOW_INDICATORS.has(code);
}

const FLOW_INDICATORS = new Set([...',?[]{}'].map((character) => character.charCodeAt(0)));

/** What most scalars have in common. */
const SCALAR: ScalarRules = {
  endsAt: () => false,
  folding: 'fold',
  indent: 0,
  detectIndent: false,
  escape: undefined,
  trimLineStarts: true,
  trimEnd: false,
  chomping: 'clip',
  atDocumentMark: 'nothing',
  refuseTabs: false,
  mustEnd: false,
};
