import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { compileRegex, type Regex } from '../../src/core/regex.ts';
import { parseRegex } from '../../src/core/regex/parse.ts';
import { printRegex } from '../../src/core/regex/print.ts';
import { threadCpuMs } from '../support/thread-cpu.ts';
import { regexPattern } from './regex/pattern-arbitrary.ts';

function compile(pattern: string): Regex {
  const regex = compileRegex(pattern);
  if ('error' in regex) throw new Error(regex.error);
  return regex;
}

describe('matching', () => {
  test('test asks for the whole text, search for a part of it', () => {
    const regex = compile('b+');
    expect(regex.test('abb')).toBe(false);
    expect(regex.test('bb')).toBe(true);
    expect(regex.search('abbc')).toBe(true);
    expect(regex.search('ac')).toBe(false);
  });

  test('a whole match may need a later alternative', () => {
    expect(compile('a|ab').test('ab')).toBe(true);
  });

  test('a dot matches each byte but the line feed', () => {
    const regex = compile('/.*');
    expect(regex.test('/\xc3\xa9\xff\r')).toBe(true);
    expect(regex.test('/a\nb')).toBe(false);
    expect(compile('(?s)/.*').test('/a\nb')).toBe(true);
  });

  test('anchors are the ends of the text unless (?m)', () => {
    expect(compile('^b').search('a\nb')).toBe(false);
    expect(compile('a$').search('a\nb')).toBe(false);
    expect(compile('(?m)^b$').search('a\nb\nc')).toBe(true);
    expect(compile('(?m)^b$').search('a\rb\rc')).toBe(false);
  });

  test('(?i) folds ASCII letters and no others', () => {
    const regex = compile('(?i)k\xe9s');
    expect(regex.test('K\xe9S')).toBe(true);
    expect(regex.test('k\xc9s')).toBe(false);
    expect(compile('(?i)[^a]').test('A')).toBe(false);
  });

  test('\\s has no vertical tab, [[:space:]] has', () => {
    expect(compile('\\s').test('\v')).toBe(false);
    expect(compile('[[:space:]]').test('\v')).toBe(true);
  });

  test('classes of Unicode groups hold their latin1 part', () => {
    expect(compile('\\p{Lu}+').test('A\xc9')).toBe(true);
    expect(compile('\\pN').test('a')).toBe(false);
    expect(compile('\\p{Greek}').test('\xb5')).toBe(false);
    expect(compile('\\P{^Latin}').test('z')).toBe(true);
  });

  test('a pattern that matches nothing matches nothing', () => {
    expect(compile('[^\\x00-\\xff]').test('a')).toBe(false);
    expect(compile('(?:[^\\x00-\\xff]|a)*').test('aa')).toBe(true);
  });
});

test('a prepared pattern matches as before', () => {
  for (const pattern of ['a+', '(a+)+']) {
    const regex = compile(pattern);
    regex.prepare('test');
    regex.prepare('search');
    expect(regex.test('aaa')).toBe(true);
    expect(regex.replaceAll('baac', '-')).toBe('b-c');
  }
});

describe('replaceAll', () => {
  test('replaces every match and keeps the rest', () => {
    expect(compile('(b+)|(c)').replaceAll('/rep/abbbcc', '[\\1\\2\\\\]')).toBe('/rep/a[bbb\\][c\\][c\\]');
  });

  test('makes no empty match right after a match', () => {
    expect(compile('x*').replaceAll('/emp/axx', '-')).toBe('-/-e-m-p-/-a-');
  });

  test('a search that goes on sees what lies before it', () => {
    expect(compile('^/').replaceAll('//a', '-')).toBe('-/a');
    expect(compile('\\bb').replaceAll('bb b', '-')).toBe('-b -');
  });

  test('a substitution that RE2 does not take replaces nothing', () => {
    expect(compile('(a)').replaceAll('a', '\\2')).toBe('a');
    expect(compile('(a)').replaceAll('a', '\\q')).toBe('a');
    expect(compile('(a)').replaceAll('a', '\\')).toBe('a');
  });

  test('a group keeps what it matched in an earlier round', () => {
    expect(compile('(?:(a)|b)+').replaceAll('ab', '<\\1>')).toBe('<a>');
  });

  test('dollar signs in a substitution are text', () => {
    expect(compile('a').replaceAll('a', '$&$1')).toBe('$&$1');
  });
});

test.each([
  ['/api/v1/.*', '/api/v1/'],
  ['^/a(/b)c?', '/a/b'],
  ['(?i)/abc', '/'],
  ['/a|/b', ''],
  ['a*', ''],
  ['\\Q/a.b\\E/[0-9]+', '/a.b/'],
])('the literal prefix of %s is %j', (pattern, prefix) => {
  expect(compile(pattern).literalPrefix).toBe(prefix);
});

test('patterns that make a backtracking engine explode finish at once', () => {
  const text = 'a'.repeat(5_000) + '!';
  const started = threadCpuMs();
  for (const pattern of ['(a+)+', '(a|a)*', '(a|aa)+', '(.*)*x', '(a*)*', '.*.*.*x', '([a-z]+)*\\d', '(?:a?){30}a{30}', '(x+x+)+y', '.*a.*a.*b']) {
    expect(compile(pattern).test(text)).toBe(false);
    expect(compile(pattern).replaceAll(text, '-').length).toBeGreaterThan(0);
  }
  expect(threadCpuMs() - started).toBeLessThan(10_000);
});

const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'A', '/', '0', '1', '.', '\n', '_', ' ', '\xe9'), maxLength: 12 });

test('V8 and re2js agree on every pattern, text and substitution', () => {
  const substitution = fc.constantFrom('-', '[\\0]', '<\\1>');
  fc.assert(
    fc.property(regexPattern, fc.array(texts, { minLength: 1, maxLength: 8 }), substitution, (pattern, samples, replacement) => {
      const regex = compile(pattern);
      const parsed = parseRegex(pattern);
      if ('error' in parsed) throw new Error(parsed.error);
      const reference = RE2JS.compile(printRegex(parsed.root, 're2'));
      const withGroup = parsed.groups > 0 || replacement !== '<\\1>';
      for (const text of samples) {
        expect(regex.test(text)).toBe(reference.matches(text));
        expect(regex.search(text)).toBe(reference.matcher(text).find());
        if (withGroup) expect(regex.replaceAll(text, replacement)).toBe(replaceWith(reference, text, replacement));
      }
    }),
    { numRuns: 2_000 },
  );
});

test('re2js reads the patterns as this parser does', () => {
  fc.assert(
    fc.property(regexPattern, fc.array(texts, { minLength: 1, maxLength: 5 }), (pattern, samples) => {
      const reference = RE2JS.compile(pattern);
      for (const text of samples) expect(compile(pattern).test(text)).toBe(reference.matches(text));
    }),
    { numRuns: 1_000 },
  );
});

test('any text is a pattern or an error, never a throw', () => {
  const pieces = ['(', ')', '[', ']', '{', '}', '*', '+', '?', '|', '\\', '^', '$', '.', '-', ':', '(?', '(?P<', '[[:', ':]]', '\\p{', '\\x{', '1', ',', 'a', 'i', '>', '\xff'];
  const pattern = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 2 })), { maxLength: 12 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(pattern, texts, (text, sample) => {
      const regex = compileRegex(Buffer.from(text).toString('latin1'));
      if ('error' in regex) expect(regex.error).toMatch(/^(missing|invalid|unexpected|no argument|bad repetition|trailing|expression)/);
      else {
        expect(regex.programSize).toBeGreaterThan(0);
        if (regex.programSize < 2_000) regex.test(sample);
      }
    }),
    { numRuns: 3_000 },
  );
});

/** RE2::GlobalReplace, over re2js. */
function replaceWith(regex: RE2JS, text: string, substitution: string): string {
  let out = '';
  let lastEnd = -1;
  for (let at = 0; at <= text.length; ) {
    const matcher = regex.matcher(text);
    if (!matcher.find(at)) return out + text.slice(at);
    const [start, end] = [matcher.start(), matcher.end()];
    out += text.slice(at, start);
    if (start === end && start === lastEnd) {
      out += text.slice(start, start + 1);
      at = start + 1;
      continue;
    }
    out += substitution.replace(/\\(\d)/g, (_, index) => matcher.group(Number(index)) ?? '');
    at = end;
    lastEnd = end;
  }
  return out;
}
