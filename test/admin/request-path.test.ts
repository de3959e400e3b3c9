import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalizePath, parseParams } from '../../src/admin/request-path.ts';

function pathOf(target: string): string {
  const normalized = normalizePath(target);
  return typeof normalized === 'number' ? `status ${normalized}` : normalized.path;
}

describe('the path of an admin request', () => {
  it.each([
    ['/ready', '/ready'],
    ['//ready', '/ready'],
    ['/a/../ready', '/ready'],
    ['/../ready', '/ready'],
    ['/%2e%2e/ready', '/ready'],
    ['/%72eady', '/ready'],
    ['/./ready', '/ready'],
    ['/stats\\prometheus', '/stats/prometheus'],
    ['//stats//prometheus', '/stats/prometheus'],
    ['/ready/', '/ready/'],
    ['/ready%2f', '/ready%2f'],
    ['//', '//'],
    ['///', '//'],
    ['/./', '/'],
    ['/a//../ready', '/a/ready'],
    ['/ready#top', 'status 400'],
    ['/a%00b', 'status 400'],
    ['ready', 'status 404'],
    ['*', 'status 404'],
    ['', 'status 404'],
    ['?x', 'status 404'],
    ['http://a/ready', 'status 404'],
    ['/.', '/'],
    ['/..', '/'],
    ['/', '/'],
  ])('%s is %s', (target, path) => {
    expect(pathOf(target)).toBe(path);
  });

  it('keeps the query as it came', () => {
    expect(normalizePath('//stats?filter=a/../b')).toEqual({ path: '/stats', query: 'filter=a/../b' });
  });

  it('never has dot segments or empty segments, whatever was asked for', () => {
    const piece = fc.constantFrom('/', '.', '..', '%2e', '\\', 'a', '//', '%2F', '%5c', '?', '%');
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const path = pathOf(`/${pieces.join('')}`);
        expect(path.startsWith('/')).toBe(true);
        if (path !== '//') expect(path).not.toMatch(/\/\/|\/\.\.?(\/|$)|\\/);
      }),
    );
  });
});

describe('the parameters of an admin request', () => {
  it('are decoded, the first of a name counts, plus signs stay', () => {
    expect([...parseParams('a=1&a=2&b=%20%41+c&flag&e=x=y')]).toEqual([
      ['a', '1'],
      ['b', ' A+c'],
      ['flag', ''],
      ['e', 'x=y'],
    ]);
  });

  it('take UTF-8 apart and leave broken escapes alone', () => {
    expect(parseParams('n=%C3%A9&m=%zz%4').get('n')).toBe('é');
    expect(parseParams('m=%zz%4').get('m')).toBe('%zz%4');
  });

  it('never throw', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseParams(text)));
  });
});
