import { describe, expect, test } from 'vitest';
import { directRoute, find, lines, request, tableOf, type RequestShape, type RouteConfigurationJson } from './route-fixture.ts';

function location(redirect: RouteConfigurationJson, shape: RequestShape | string, match: RouteConfigurationJson = { prefix: '/' }): string | undefined {
  const table = tableOf({ match, redirect });
  return directRoute(find(table, shape)).location(request(shape));
}

const proto = (value: string): [string, string][] => [['x-forwarded-proto', value]];

test.each([
  [{ httpsRedirect: true }, 'https://www.example.com/a/b?q=1'],
  [{ httpsRedirect: false }, 'http://www.example.com/a/b?q=1'],
  [{ schemeRedirect: 'FOO' }, 'FOO://www.example.com/a/b?q=1'],
  [{ portRedirect: 99 }, 'http://www.example.com:99/a/b?q=1'],
  [{ hostRedirect: 'Other.com:1' }, 'http://Other.com:1/a/b?q=1'],
  [{ hostRedirect: 'Other.com:1', portRedirect: 5 }, 'http://Other.com:1:5/a/b?q=1'],
  [{ pathRedirect: '/new' }, 'http://www.example.com/new?q=1'],
  [{ pathRedirect: '/new?x=1', stripQuery: true }, 'http://www.example.com/new?x=1'],
  [{ pathRedirect: 'new', stripQuery: true }, 'http://www.example.com/new'],
  [{ hostRedirect: 'h', stripQuery: true }, 'http://h/a/b'],
  [{}, 'http://www.example.com/a/b?q=1'],
] as [RouteConfigurationJson, string][])('%j leads to %s', (redirect, target) => {
  expect(location(redirect, '/a/b?q=1')).toBe(target);
});

describe('prefix_rewrite and regex_rewrite', () => {
  test.each([
    [{ prefix: '/prefix' }, { prefixRewrite: '/pp' }, '/prefix/a?b=/c', '/pp/a?b=/c'],
    [{ prefix: '/prefix' }, { prefixRewrite: '/pp' }, '/prefixx', '/ppx'],
    [{ prefix: '/empty' }, { prefixRewrite: '' }, '/empty/x', '/empty/x'],
    [{ prefix: '/prel/' }, { prefixRewrite: 'x' }, '/prel/x', '/xx'],
    [{ path: '/path' }, { prefixRewrite: '/pp' }, '/path?x=1', '/pp?x=1'],
    [{ prefix: '/CI', caseSensitive: false }, { prefixRewrite: '/q' }, '/cI/x?', '/q/x?'],
    [{ pathSeparatedPrefix: '/sep' }, { prefixRewrite: '/' }, '/sep/a', '//a'],
    [{ safeRegex: { regex: '/rp/.*' } }, { prefixRewrite: '/z' }, '/rp/abc?x', '/z?x'],
    [{ prefix: '/' }, { regexRewrite: { pattern: { regex: '/regex/([a-z]+)' }, substitution: '/\\1/x' } }, '/regex/abc/def?q=/regex/z', '/abc/x/def?q=/regex/z'],
  ] as [RouteConfigurationJson, RouteConfigurationJson, string, string][])('%j with %j sends %s to %s', (match, redirect, from, to) => {
    expect(location(redirect, from, match)).toBe(`http://www.example.com${to}`);
  });

  test('the request shows the new path afterwards, and the old one in x-envoy-original-path', () => {
    const table = tableOf({ match: { prefix: '/a' }, redirect: { prefixRewrite: '/b' } });
    const headers = request('/a/x?y');
    directRoute(find(table, '/a/x?y')).rewritePath(headers, true);
    expect(lines(headers)).toEqual(['GET /b/x?y', 'host: www.example.com', 'x-envoy-original-path: /a/x?y']);
    const quiet = request('/a/x?y');
    directRoute(find(table, '/a/x?y')).rewritePath(quiet, false);
    expect(lines(quiet)).toEqual(['GET /b/x?y', 'host: www.example.com']);
  });

  test('other redirects leave the request as it is', () => {
    const headers = request('/a');
    directRoute(find(tableOf({ match: { prefix: '/' }, redirect: { pathRedirect: '/b' } }), '/a')).rewritePath(headers, true);
    expect(lines(headers)).toEqual(['GET /a', 'host: www.example.com']);
  });
});

describe('the port of the request', () => {
  test.each([
    [{ httpsRedirect: true }, 'a.com:80', 'http', 'https://a.com'],
    [{ httpsRedirect: true }, 'a.com:443', 'http', 'https://a.com:443'],
    [{ httpsRedirect: true }, 'a.com:8080', 'http', 'https://a.com:8080'],
    [{ httpsRedirect: true }, 'a.com:', 'http', 'https://a.com:'],
    [{ httpsRedirect: true }, '[::1]:80', 'http', 'https://[::1]'],
    [{ httpsRedirect: true }, '[::1]', 'http', 'https://[::1]'],
    [{ schemeRedirect: 'http' }, 'a.com:80', 'http', 'http://a.com:80'],
    [{ schemeRedirect: 'http' }, 'a:443', 'https', 'http://a'],
    [{ portRedirect: 99 }, 'a.com:8080', 'http', 'http://a.com:99'],
    [{ portRedirect: 99 }, 'a.com:', 'http', 'http://a.com:99'],
    [{ portRedirect: 99 }, '[::1]:80', 'http', 'http://[::1]:99'],
    [{ portRedirect: 99 }, '[::1]', 'http', 'http://[::1]:99'],
  ] as [RouteConfigurationJson, string, string, string][])('%j for %s over %s leads to %s', (redirect, host, protocol, target) => {
    expect(location(redirect, { path: '/p', host, scheme: protocol, headers: proto(protocol) })).toBe(`${target}/p`);
  });
});

test.each([
  ['MOVED_PERMANENTLY', 301],
  ['FOUND', 302],
  ['SEE_OTHER', 303],
  ['TEMPORARY_REDIRECT', 307],
  ['PERMANENT_REDIRECT', 308],
])('%s is status %i', (responseCode, status) => {
  expect(find(tableOf({ match: { prefix: '/' }, redirect: { responseCode } }), '/')).toMatchObject({ status, body: '' });
});

test('a request without a path gets no location', () => {
  const table = tableOf({ match: { connectMatcher: {} }, redirect: { hostRedirect: 'b.com' } });
  const shape = { method: 'CONNECT', path: '' };
  expect(directRoute(find(table, shape)).location(request(shape))).toBeUndefined();
});
