/**
 * Compiles a regular expression as C++'s std::regex (ECMAScript grammar) reads it: unlike in JavaScript there are POSIX classes, and there are no
 * look-behind, named groups, flags or unknown escapes. The words of an error are libc++'s, which Envoy passes on.
 */
export function compileCppRegex(source: string): RegExp | string {
  let translated = '';
  for (let at = 0; at < source.length; ) {
    const element = elementAt(source, at);
    if (typeof element === 'string') return element;
    translated += element.translated;
    at += element.length;
  }
  try {
    return new RegExp(translated);
  } catch (error) {
    return wordsFor(String(error));
  }
}

const BAD_ESCAPE = 'The expression contained an invalid escaped character, or a trailing escape.';
const BAD_CLASS = 'The expression contained an invalid character class name.';
const BAD_REPEAT = 'One of *?+{ was not preceded by a valid regular expression.';
const BAD_BRACES = 'The expression contained mismatched { and }.';
const BAD_BRACKETS = 'The expression contained mismatched [ and ].';
const NOT_CONSUMED = 'The parser did not consume the entire regular expression.';
const BAD_PARENTHESES = 'The expression contained mismatched ( and ).';

const POSIX_CLASSES = new Map(
  Object.entries({
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  blank: ' \\t',
  cntrl: '\\x00-\\x1f\\x7f',
  d: '0-9',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  s: '\\s',
  space: '\\s',
  upper: 'A-Z',
  w: '\\w',
  xdigit: '0-9A-Fa-f',
}),
);

interface Element {
  readonly translated: string;
  readonly length: number;
}

function elementAt(source: string, at: number): Element | string {
  switch (source[at]) {
    case '\\':
      return escapeAt(source, at);
    case '[':
      return bracketAt(source, at);
    case '(':
      return source[at + 1] === '?' && !':=!'.includes(source[at + 2] ?? '?') ? BAD_REPEAT : { translated: '(', length: 1 };
    case '{': {
      const quantifier = /^\{\d+(,\d*)?\}/.exec(source.slice(at));
      return quantifier === null ? BAD_BRACES : { translated: quantifier[0], length: quantifier[0].length };
    }
    default:
      return { translated: source[at], length: 1 };
  }
}

function escapeAt(source: string, at: number): Element | string {
  const next = source[at + 1];
  if (next === undefined || (/[A-Za-z_]/.test(next) && !'bBdDsSwWfnrtvcxu'.includes(next))) return BAD_ESCAPE;
  return { translated: source.slice(at, at + 2), length: 2 };
}

function bracketAt(source: string, at: number): Element | string {
  let translated = '[';
  let position = at + 1;
  if (source[position] === '^') {
    translated += '^';
    position++;
  }
  while (position < source.length) {
    const character = source[position];
    if (character === ']' && translated.length < 3 && !/[^[^]/.test(translated)) return NOT_CONSUMED;
    if (character === ']') return { translated: `${translated}]`, length: position + 1 - at };
    if (source.startsWith('[:', position)) {
      const end = source.indexOf(':]', position + 2);
      const members = POSIX_CLASSES.get(source.slice(position + 2, end));
      if (end < 0 || members === undefined) return BAD_CLASS;
      translated += members;
      position = end + 2;
      continue;
    }
    const escaped = character === '\\';
    translated += escaped ? source.slice(position, position + 2) : character === '[' ? '\\[' : character;
    position += escaped ? 2 : 1;
  }
  return BAD_BRACKETS;
}

function wordsFor(error: string): string {
  if (/group|unmatched/i.test(error)) return BAD_PARENTHESES;
  if (/repeat|quantifier/i.test(error)) return BAD_REPEAT;
  if (/class/i.test(error)) return BAD_BRACKETS;
  return NOT_CONSUMED;
}
