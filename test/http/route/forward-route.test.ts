import { describe, expect, test } from 'vitest';
import { compileTable, find, forwardRoute, forwarded, lines, request, streamInfo, tableOf, type RouteConfigurationJson } from './route-fixture.ts';

const to = (match: RouteConfigurationJson, route: RouteConfigurationJson = {}) => tableOf({ match, route: { cluster: 'a', ...route } });
const header = (key: string, value: string, appendAction?: string): RouteConfigurationJson => ({ header: { key, value }, ...(appendAction && { appendAction }) });

describe('settings', () => {
  test('have Envoy\'s defaults', () => {
    expect(find(to({ prefix: '/' }), '/')).toMatchObject({
      kind: 'forward',
      timeoutMs: 15_000,
      idleTimeoutMs: undefined,
      streamDuration: undefined,
      priority: 'default',
      clusterNotFoundStatus: 503,
      autoHostRewrite: false,
      upgrades: undefined,
      retryPolicy: undefined,
      mayDisableFilters: false,
      metadata: undefined,
    });
  });

  test('are read from the action', () => {
    const route = find(
      to(
        { prefix: '/' },
        {
          timeout: '0s',
          idleTimeout: '1.0059s',
          maxStreamDuration: { maxStreamDuration: '2s' },
          priority: 'HIGH',
          clusterNotFoundResponseCode: 'NOT_FOUND',
          autoHostRewrite: true,
          upgradeConfigs: [{ upgradeType: 'WebSocket' }, { upgradeType: 'CONNECT', enabled: false }],
        },
      ),
      '/',
    );
    expect(route).toMatchObject({ timeoutMs: 0, idleTimeoutMs: 1005, streamDuration: { maxMs: 2000, grpcHeaderMaxMs: undefined, grpcHeaderOffsetMs: 0 }, priority: 'high', clusterNotFoundStatus: 404, autoHostRewrite: true });
    expect(forwardRoute(route).upgrades).toEqual(new Map([['websocket', true], ['connect', false]]));
  });

  test('metadata and the virtual host are those of the configuration', () => {
    const table = compileTable({
      name: 'rc',
      virtualHosts: [
        {
          name: 'vh',
          domains: ['*'],
          includeRequestAttemptCount: true,
          metadata: { filterMetadata: { b: { x: [1] } } },
          routes: [{ match: { prefix: '/' }, route: { cluster: 'a' }, metadata: { filterMetadata: { a: { n: 1.5, s: 't' } } } }],
        },
      ],
    });
    expect(find(table, '/')).toMatchObject({
      metadata: { a: { n: 1.5, s: 't' } },
      virtualHost: { name: 'vh', includeRequestAttemptCount: true, includeAttemptCountInResponse: false, requireTls: 'none', metadata: { b: { x: [1] } } },
    });
  });
});

describe('the cluster', () => {
  test('may stand in a header, whose first value counts and whose absence names none', () => {
    const table = tableOf({ match: { prefix: '/' }, route: { clusterHeader: 'X-C' } });
    const name = (values: string[]): string => {
      const shape = { headers: values.map((value) => ['x-c', value] as const) };
      return forwardRoute(find(table, shape)).clusterName(request(shape));
    };
    expect(name(['b'])).toBe('b');
    expect(name(['b', 'c'])).toBe('b');
    expect(name([])).toBe('');
  });
});

describe('path rewrites', () => {
  test.each([
    [{ prefix: '/p' }, { prefixRewrite: '/L' }, '/p/x?y=1', '/L/x?y=1'],
    [{ prefix: '/sl/' }, { prefixRewrite: '/' }, '/sl/', '/'],
    [{ prefix: '/rel' }, { prefixRewrite: 'rel' }, '/relx', 'relx'],
    [{ safeRegex: { regex: '/rg/.*' } }, { prefixRewrite: '/G' }, '/rg/a?b', '/G?b'],
    [{ prefix: '/rep/' }, { regexRewrite: { pattern: { regex: '(b+)|(c)' }, substitution: '[\\1\\2\\\\]' } }, '/rep/abbbcc?b', '/rep/a[bbb\\][c\\][c\\]?b'],
    [{ prefix: '/pw' }, { pathRewrite: '/new%REQ(x-h)%' }, '/pw?a=1', '/newV?a=1'],
    [{ prefix: '/pw' }, { pathRewrite: '/new%REQ(x-none)%' }, '/pw?a=1', '/new?a=1'],
  ] as [RouteConfigurationJson, RouteConfigurationJson, string, string][])('%j with %j makes %s %s', (match, rewrite, from, after) => {
    expect(forwarded(to(match, rewrite), { path: from, headers: [['x-h', 'V']] })).toEqual([
      `GET ${after}`,
      'host: www.example.com',
      'x-h: V',
      `x-envoy-original-path: ${from}`,
    ]);
  });

  test('x-envoy-original-path replaces that of the client, and is left out with other Envoy headers', () => {
    const table = to({ prefix: '/a' }, { prefixRewrite: '/b' });
    const shape = { path: '/a', headers: [['x-envoy-original-path', '/evil'], ['x-z', '1']] as [string, string][] };
    expect(forwarded(table, shape)).toEqual(['GET /b', 'host: www.example.com', 'x-envoy-original-path: /a', 'x-z: 1']);
    expect(forwarded(table, '/a', false)).toEqual(['GET /b', 'host: www.example.com']);
  });

  test('an empty result leaves the path alone', () => {
    const table = to({ prefix: '/e' }, { regexRewrite: { pattern: { regex: '/e' }, substitution: '' } });
    expect(forwarded(table, '/e?x')).toEqual(['GET /e?x', 'host: www.example.com']);
    expect(forwarded(table, '/e/x')[0]).toBe('GET /x');
  });

  test('a prefix that only matched without path parameters is not rewritten', () => {
    const table = compileTable({
      name: 'rc',
      ignorePathParametersInPathMatching: true,
      virtualHosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/p/q' }, route: { cluster: 'a', prefixRewrite: '/PQ' } }] }],
    });
    expect(forwarded(table, '/p/q;v/z')[0]).toBe('GET /PQ;v/z');
    expect(forwarded(table, '/p;v/q/z')).toEqual(['GET /p;v/q/z', 'host: www.example.com']);
  });
});

describe('host rewrites', () => {
  const x = { prefix: '/' };

  test('tell of the host before', () => {
    expect(forwarded(to(x, { hostRewriteLiteral: 'new.host' }), '/')).toEqual(['GET /', 'host: new.host', 'x-envoy-original-host: www.example.com']);
    expect(forwarded(to(x, { hostRewriteLiteral: 'new.host' }), '/', false)).toEqual(['GET /', 'host: new.host']);
  });

  test('append_x_forwarded_host adds it to what stands there', () => {
    const table = to(x, { hostRewriteLiteral: 'www.example.com', appendXForwardedHost: true });
    expect(forwarded(table, '/')).toContain('x-forwarded-host: www.example.com');
    expect(forwarded(table, { headers: [['x-forwarded-host', 'first']] })).toContain('x-forwarded-host: first,www.example.com');
    expect(forwarded(table, '/', false)).toEqual(['GET /', 'host: www.example.com', 'x-forwarded-host: www.example.com']);
  });

  test('host_rewrite_header takes the first value; an empty or missing one leaves the host', () => {
    const table = to(x, { hostRewriteHeader: 'X-H', appendXForwardedHost: true });
    expect(forwarded(table, { headers: [['x-h', 'h1'], ['x-h', 'h2']] })[1]).toBe('host: h1');
    expect(forwarded(table, { headers: [['x-h', '']] })).toEqual(['GET /', 'host: www.example.com', 'x-h: ']);
    expect(forwarded(table, '/')).toEqual(['GET /', 'host: www.example.com']);
  });

  test('host_rewrite_path_regex takes the path, whether it matches or not', () => {
    const table = to(x, { hostRewritePathRegex: { pattern: { regex: '^/host/(.+)$' }, substitution: '\\1' } });
    expect(forwarded(table, '/host/ab.c/d?x')[1]).toBe('host: ab.c/d');
    expect(forwarded(table, '/hostz')[1]).toBe('host: /hostz');
  });

  test('host_rewrite is formatted; a missing value is a hyphen', () => {
    const table = to(x, { hostRewrite: '%REQ(x-h)%.com' });
    expect(forwarded(table, { headers: [['x-h', 'V']] })[1]).toBe('host: V.com');
    expect(forwarded(table, '/')[1]).toBe('host: -.com');
  });

  test('auto_host_rewrite goes by the same rules once the upstream host is known', () => {
    const headers = request('/');
    forwardRoute(find(to(x, { autoHostRewrite: true, appendXForwardedHost: true }), '/')).replaceHost(headers, 'upstream.host', true);
    expect(lines(headers)).toEqual(['GET /', 'host: upstream.host', 'x-envoy-original-host: www.example.com', 'x-forwarded-host: www.example.com']);
  });
});

describe('header mutations of all levels', () => {
  const table = (more: RouteConfigurationJson = {}) =>
    compileTable({
      name: 'rc',
      requestHeadersToAdd: [header('x-lvl', 'rc'), header('x-o', 'rc', 'OVERWRITE_IF_EXISTS_OR_ADD')],
      responseHeadersToAdd: [header('x-rlvl', 'rc')],
      virtualHosts: [
        {
          name: 'all',
          domains: ['*'],
          requestHeadersToAdd: [header('x-lvl', 'vh'), header('x-o', 'vh', 'OVERWRITE_IF_EXISTS_OR_ADD')],
          routes: [
            {
              match: { prefix: '/' },
              requestHeadersToAdd: [header('x-lvl', 'rt'), header('x-o', 'rt', 'OVERWRITE_IF_EXISTS_OR_ADD'), header('x-path', '%REQ(:path)% %REQ(:authority)%')],
              responseHeadersToAdd: [header('x-rlvl', 'rt')],
              route: {
                prefixRewrite: '/O',
                hostRewriteLiteral: 'rewritten',
                weightedClusters: {
                  clusters: [
                    {
                      name: 'a',
                      weight: 1,
                      hostRewriteLiteral: 'whost',
                      requestHeadersToAdd: [header('x-lvl', 'wc'), header('x-o', 'wc', 'OVERWRITE_IF_EXISTS_OR_ADD')],
                      responseHeadersToAdd: [header('x-rlvl', 'wc')],
                    },
                  ],
                },
              },
            },
          ],
        },
      ],
      ...more,
    });

  test('run from the most to the least specific, before host and path are rewritten', () => {
    expect(forwarded(table(), '/ord')).toEqual([
      'GET /Oord',
      'host: rewritten',
      'x-lvl: wc',
      'x-lvl: rt',
      'x-path: /ord whost',
      'x-lvl: vh',
      'x-o: rc',
      'x-lvl: rc',
      'x-envoy-original-host: whost',
      'x-envoy-original-path: /ord',
    ]);
  });

  test('most_specific_header_mutations_wins turns the order of all but the weighted cluster', () => {
    const seen = forwarded(table({ mostSpecificHeaderMutationsWins: true }), '/');
    expect(seen.filter((line) => line.startsWith('x-lvl'))).toEqual(['x-lvl: wc', 'x-lvl: rc', 'x-lvl: vh', 'x-lvl: rt']);
    expect(seen).toContain('x-o: rt');
  });

  test('those of responses run likewise', () => {
    const values = (more: RouteConfigurationJson): string[] => {
      const response = request('/');
      Object.assign(response, { method: '', path: '', authority: '', status: 200 });
      const context = { info: streamInfo(), requestHeaders: request('/'), responseHeaders: response };
      find(table(more), '/')!.responseHeaders!.apply(response, context);
      return lines(response);
    };
    expect(values({})).toEqual(['x-rlvl: wc', 'x-rlvl: rt', 'x-rlvl: rc']);
    expect(values({ mostSpecificHeaderMutationsWins: true })).toEqual(['x-rlvl: wc', 'x-rlvl: rc', 'x-rlvl: rt']);
  });

  test('the host of a weighted cluster is set silently', () => {
    const quiet = tableOf({ match: { prefix: '/' }, route: { appendXForwardedHost: true, weightedClusters: { clusters: [{ name: 'a', weight: 1, hostRewriteLiteral: 'whost' }] } } });
    expect(forwarded(quiet, '/')).toEqual(['GET /', 'host: whost']);
  });
});
