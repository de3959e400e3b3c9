import fc from 'fast-check';

const atom = fc.constantFrom('a', 'b', 'c', 'ab', '/', '.', '[ab]', '[^a]', '[^/]', '[a-z0-9]', '\\d', '\\w', '\\S', '\\.', '(?i:a)', '[[:digit:]]', '\\x61', '^', '$', '\\b');
const operator = fc.constantFrom('', '', '', '', '*', '+', '?', '*?', '+?', '??', '{2}', '{1,3}', '{0,2}', '{2,}');
const repeated = (body: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.tuple(body, operator).map((parts) => parts.join(''));

/** Valid patterns over a small alphabet, nested loops and anchors included. */
export const regexPattern: fc.Arbitrary<string> = fc.letrec<{ sequence: string; item: string }>((tie) => ({
  sequence: fc.array(tie('item'), { minLength: 1, maxLength: 4 }).map((items) => items.join('')),
  item: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 6, arbitrary: repeated(atom) },
    { weight: 2, arbitrary: repeated(tie('sequence').map((body) => `(${body})`)) },
    { weight: 1, arbitrary: repeated(fc.tuple(tie('sequence'), tie('sequence')).map(([left, right]) => `(?:${left}|${right})`)) },
    { weight: 1, arbitrary: repeated(fc.tuple(tie('sequence'), tie('sequence')).map(([left, right]) => `(${left}|${right})`)) },
  ),
})).sequence;
