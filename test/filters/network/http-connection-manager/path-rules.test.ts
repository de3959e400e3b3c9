import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalPath } from '../../../../src/filters/network/http-connection-manager/canonical-path.ts';
import { type EscapedSlashes, PathRules } from '../../../../src/filters/network/http-connection-manager/path-rules.ts';
import { HeaderMap } from '../../../../src/http/header-map.ts';

describe('the canonical form of a path', () => {
  it.each([
    ['/plain/path.html', '/plain/path.html'],
    ['/a/../b', '/b'],
    ['/a/./b', '/a/b'],
    ['/../..', '/'],
    ['/a/..', '/'],
    ['/a/.', '/a/'],
    ['/a//../b', '/a/b'],
    ['/a/...', '/a/...'],
    ['/a/%2e%2E/b', '/b'],
    ['/a/%2e./b', '/b'],
    ['/a\\b\\..\\c', '/a/c'],
    ['/%7e%5F%41', '/~_A'],
    ['/%2f%5C%e9%C3', '/%2f%5C%e9%C3'],
    ['/"<>^`{|}', '/%22%3C%3E%5E%60%7B%7C%7D'],
    ['/%zz%4', '/%zz%4'],
    ['a', '/a'],
  ])('of %s is %s', (path, canonical) => {
    expect(canonicalPath(path)).toBe(canonical);
  });

  it('takes dot segments with parameters as what they are, unless the dots are escaped', () => {
    expect(canonicalPath('/a/..;x=1/b')).toBe('/b');
    expect(canonicalPath('/a/.;x/b')).toBe('/a/b');
    expect(canonicalPath('/a/..;\\..;q')).toBe('/');
    expect(canonicalPath('/a/...;x')).toBe('/a/...;x');
    expect(canonicalPath('/a/%2e%2e;x/b')).toBe('/a/..;x/b');
  });

  it('does not let two escapes become one', () => {
    expect(canonicalPath('/%%30%30')).toBe('/%2500');
    expect(canonicalPath('/%%30%65')).toBe('/%250e');
    expect(canonicalPath('/%2%65')).toBe('/%252e');
    expect(canonicalPath('/%%32%35%35')).toBe('/%25255');
  });

  it.each(['.', 'a.', '%%30', '%2e', '/a/..', '/..', '//./', '..;/', '\\'])('of a long row of %s costs what its length asks for', (piece) => {
    // Where each piece looked at all before it, this would take minutes.
    const row = `/%41${piece.repeat((2 * 1024 * 1024) / piece.length)}`;
    expect(canonicalPath(row)!.length).toBeGreaterThan(0);
  });

  it('is refused to an escaped NUL', () => {
    expect(canonicalPath('/a%00b')).toBeUndefined();
    expect(canonicalPath('/a/..;%00/b')).toBe('/b');
  });

  it('holds no dot segment and no backslash, and is canonical itself', () => {
    const token = fc.constantFrom('/', '/', '.', '..', '%2e', '%2E', '\\', 'a', '%', '%3', '%30', '0', '%2f', ';', '..;', '"', '%41');
    fc.assert(
      fc.property(fc.array(token, { maxLength: 12 }), (tokens) => {
        const path = `/${tokens.join('')}`;
        const canonical = canonicalPath(path);
        if (canonical === undefined) return expect(path).toContain('%00');
        expect(canonical).toMatch(/^\//);
        expect(canonical).not.toMatch(/\\|\/\.\.?(\/|$)/);
        if (!/%(25|$|.$)|;|%[^0-9a-f]|%.[^0-9a-f]/i.test(canonical)) expect(canonicalPath(canonical)).toBe(canonical);
      }),
    );
  });
});

describe('path rules', () => {
  it('merge slashes in the path and not in the query', () => {
    expect(applied('/a//b///c?d=//e', { mergeSlashes: true })).toEqual(['continue', '/a/b/c?d=//e']);
    expect(applied('/a//..//b', { mergeSlashes: true })).toEqual(['continue', '/a/../b']);
    expect(applied('/a//..//b', { mergeSlashes: true, normalise: true })).toEqual(['continue', '/a/b']);
  });

  it('leave the query alone', () => {
    expect(applied('/a/../b?c=/../%2F\\', { normalise: true, escapedSlashes: 'forward' })).toEqual(['continue', '/b?c=/../%2F\\']);
  });

  it('reject, redirect or forward escaped slashes', () => {
    expect(applied('/a%2Fb', { escapedSlashes: 'reject' })[0]).toBe('reject');
    expect(applied('/a%5cb', { escapedSlashes: 'reject' })[0]).toBe('reject');
    expect(applied('/a%2fb%5Cc?%2f', { escapedSlashes: 'redirect' })).toEqual(['redirect', '/a/b\\c?%2f']);
    expect(applied('/a%2Fb', { escapedSlashes: 'forward' })).toEqual(['continue', '/a/b']);
    expect(applied('/a/%252f', { escapedSlashes: 'reject' })).toEqual(['continue', '/a/%252f']);
  });

  it('unescape slashes before they look for dot segments', () => {
    expect(applied('/a%2f..%2Fb', { escapedSlashes: 'forward', normalise: true })).toEqual(['continue', '/b']);
    expect(applied('/a%5c..%5Cb', { escapedSlashes: 'redirect', normalise: true })).toEqual(['redirect', '/b']);
  });

  it('reject what has no canonical form', () => {
    expect(applied('/%00', { normalise: true })[0]).toBe('reject');
  });
});

function applied(path: string, rules: { escapedSlashes?: EscapedSlashes; normalise?: boolean; mergeSlashes?: boolean }): [string, string] {
  const headers = new HeaderMap();
  headers.path = path;
  return [new PathRules({ escapedSlashes: 'keep', normalise: false, mergeSlashes: false, ...rules }).apply(headers), headers.path];
}
