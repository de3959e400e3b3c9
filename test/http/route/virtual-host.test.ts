import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VirtualHostIndex } from '../../../src/http/route/virtual-host-index.ts';
import { answer, compileTable, find, type RequestShape, type RouteConfigurationJson } from './route-fixture.ts';

function hosts(domains: Record<string, string[]>, more: RouteConfigurationJson = {}) {
  const virtualHosts = Object.entries(domains).map(([name, of]) => ({ name, domains: of, routes: [answer({ prefix: '/' })] }));
  const table = compileTable({ name: 'rc', virtualHosts, ...more });
  return (shape: RequestShape): string | undefined => find(table, shape)?.virtualHost.name;
}

describe('domains', () => {
  const owner = hosts({
    exact: ['a.com', 'b.com:80'],
    middle: ['m*d'],
    both: ['*a*'],
    suffix: ['*.c.com'],
    longer: ['*.b.c.com'],
    prefix: ['x.*'],
    six: ['[::1]'],
  });

  test.each([
    ['a.com', 'exact'],
    ['A.Com', 'exact'],
    ['a.com:99', undefined],
    ['b.com:80', 'exact'],
    ['b.com', undefined],
    ['q.c.com', 'suffix'],
    ['q.b.c.com', 'longer'],
    ['.c.com', undefined],
    ['.b.c.com', 'suffix'],
    ['x.', undefined],
    ['x.y', 'prefix'],
    ['x.c.com', 'suffix'],
    ['[::1]', 'six'],
    ['zz', undefined],
  ])('%s belongs to %s', (host, name) => {
    expect(owner({ host })).toBe(name);
  });

  test('a star that is neither first nor last is an ordinary character', () => {
    expect(owner({ host: 'm*d' })).toBe('middle');
    expect(owner({ host: 'mxd' })).toBeUndefined();
    expect(owner({ host: 'xa*' })).toBe('both');
  });

  test('a lone star takes what nobody else does, also a request without a host', () => {
    const all = hosts({ all: ['*'] });
    expect(all({ host: '' })).toBe('all');
    expect(hosts({ all: ['*'], a: ['a.com'] })({ host: 'b.com' })).toBe('all');
  });
});

test('ignore_port_in_host_matching leaves the port out, whatever it is', () => {
  const owner = hosts({ a: ['a.com'], six: ['[::1]'], port: ['b.com:80'] }, { ignorePortInHostMatching: true });
  for (const host of ['a.com', 'A.COM:99', 'a.com:', 'a.com:abc']) expect(owner({ host })).toBe('a');
  expect(owner({ host: '[::1]:80' })).toBe('six');
  expect(owner({ host: '[::1]' })).toBe('six');
  expect(owner({ host: 'b.com:80' })).toBeUndefined();
});

test('vhost_header holds the host; without it there is no virtual host', () => {
  const owner = hosts({ a: ['a.com'], all: ['*'] }, { vhostHeader: 'x-vh' });
  expect(owner({ host: 'a.com' })).toBeUndefined();
  expect(owner({ host: 'b.com', headers: [['x-vh', 'A.com']] })).toBe('a');
  expect(owner({ host: 'a.com', headers: [['x-vh', '']] })).toBe('all');
  expect(owner({ headers: [['x-vh', 'zz'], ['x-vh', 'a.com']] })).toBe('all');
});

describe('require_tls', () => {
  const table = compileTable({
    name: 'rc',
    virtualHosts: ['ALL', 'EXTERNAL_ONLY'].map((requireTls) => ({
      name: requireTls,
      domains: [`${requireTls}.com`, `${requireTls}.com:8080`],
      requireTls,
      responseHeadersToAdd: [{ header: { key: 'x-vh', value: '1' } }],
      routes: [answer({ prefix: '/' })],
    })),
  });

  test('a plain-text request is sent to https with its host and path as they are', () => {
    const headers: [string, string][] = [['x-forwarded-proto', 'http']];
    const route = find(table, { host: 'All.com:8080', headers })!;
    expect(route).toMatchObject({ kind: 'direct', status: 301, body: '', name: '', responseHeaders: undefined });
    const shape = { path: '/x?y', host: 'All.com:8080', headers };
    expect(find(table, shape)).toBe(route);
  });

  test('the protocol of the client decides, not the scheme of the URL', () => {
    expect(find(table, { host: 'all.com', headers: [['x-forwarded-proto', 'https']] })).toMatchObject({ status: 200 });
    expect(find(table, { host: 'all.com', scheme: 'https', headers: [['x-forwarded-proto', 'http']] })).toMatchObject({ status: 301 });
  });

  test('EXTERNAL_ONLY lets internal requests pass', () => {
    const headers: [string, string][] = [['x-forwarded-proto', 'http']];
    expect(find(table, { host: 'external_only.com', headers })).toMatchObject({ status: 301 });
    expect(find(table, { host: 'external_only.com', headers: [...headers, ['x-envoy-internal', 'true']] })).toMatchObject({ status: 200 });
    expect(find(table, { host: 'all.com', headers: [...headers, ['x-envoy-internal', 'true']] })).toMatchObject({ status: 301 });
  });
});

test('the index finds the owner that a search through all domains finds', () => {
  const label = fc.string({ unit: fc.constantFrom('a', 'b', '.'), minLength: 1, maxLength: 5 });
  const domain = fc.oneof(label, label.map((text) => `*${text}`), label.map((text) => `${text}*`), fc.constant('*'));
  fc.assert(
    fc.property(fc.uniqueArray(domain, { maxLength: 30 }), fc.array(label, { minLength: 1, maxLength: 10 }), (domains, names) => {
      const index = new VirtualHostIndex(domains.map((text) => [text, text] as const));
      for (const name of names) expect(index.find(name)).toBe(searchAll(domains, name));
    }),
    { numRuns: 1_000 },
  );
});

/** The rules, one after the other. */
function searchAll(domains: readonly string[], name: string): string | undefined {
  const exact = domains.find((domain) => domain === name && !domain.startsWith('*') && !domain.endsWith('*'));
  if (exact !== undefined) return exact;
  const longest = (matching: string[]): string | undefined => matching.toSorted((a, b) => b.length - a.length)[0];
  const suffix = longest(domains.filter((d) => d.length > 1 && d.startsWith('*') && name.length >= d.length && name.endsWith(d.slice(1))));
  if (suffix !== undefined) return suffix;
  const prefixes = domains.filter((d) => !d.startsWith('*') && d.endsWith('*') && name.length >= d.length && name.startsWith(d.slice(0, -1)));
  return longest(prefixes) ?? domains.find((domain) => domain === '*');
}
