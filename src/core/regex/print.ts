import type { CharSet } from './char-set.ts';
import type { Assertion, RegexNode } from './syntax.ts';

/** Who is to read a printed pattern. Everything that the two take differently is spelled out. */
export type Dialect = 'v8' | 're2';

/** The pattern in another engine's syntax, without flags. */
export function printRegex(node: RegexNode, dialect: Dialect): string {
  switch (node.kind) {
    case 'set':
      return printSet(node.set, dialect);
    case 'sequence':
      return node.items.map((item) => (item.kind === 'choice' ? wrapped(item, dialect) : printRegex(item, dialect))).join('');
    case 'choice':
      return node.options.map((option) => printRegex(option, dialect)).join('|');
    case 'group':
      return `(${printRegex(node.body, dialect)})`;
    case 'assertion':
      return ASSERTIONS[node.where][dialect];
    case 'repeat': {
      const { body } = node;
      const printed = body.kind === 'set' || body.kind === 'group' ? printRegex(body, dialect) : wrapped(body, dialect);
      return printed + counts(node.min, node.max) + (node.greedy ? '' : '?');
    }
  }
}

const ASSERTIONS: Readonly<Record<Assertion, Readonly<Record<Dialect, string>>>> = {
  'text-start': { v8: '^', re2: '\\A' },
  'text-end': { v8: '$', re2: '\\z' },
  'line-start': { v8: '(?<![^\\n])', re2: '(?m:^)' },
  'line-end': { v8: '(?![^\\n])', re2: '(?m:$)' },
  'word-boundary': { v8: '\\b', re2: '\\b' },
  'no-word-boundary': { v8: '\\B', re2: '\\B' },
};

function wrapped(node: RegexNode, dialect: Dialect): string {
  return `(?:${printRegex(node, dialect)})`;
}

function counts(min: number, max: number): string {
  if (max === Infinity) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
  if (max === 1) return min === 0 ? '?' : '{1}';
  return min === max ? `{${min}}` : `{${min},${max}}`;
}

function printSet(set: CharSet, dialect: Dialect): string {
  const { single } = set;
  if (single >= 0) return printCharacter(single);
  const ranges = set.ranges();
  if (ranges.length === 0) return dialect === 'v8' ? '[]' : '[^\\x{0}-\\x{10FFFF}]';
  return `[${ranges.map(([from, to]) => printCharacter(from) + (from === to ? '' : `-${printCharacter(to)}`)).join('')}]`;
}

function printCharacter(code: number): string {
  const char = String.fromCharCode(code);
  return /[0-9A-Za-z_/ ]/.test(char) ? char : `\\x${code.toString(16).padStart(2, '0')}`;
}
