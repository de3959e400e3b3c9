import { describe, expect, test } from 'vitest';
import { filterStateOf } from '../../support/filter-state.ts';
import type { ConnectionInfo, StreamInfo } from '../../../src/http/stream-info.ts';
import type { CertificateInfo, TlsInfo } from '../../../src/transport/transport-socket.ts';
import { answer, compileTable, fakeRuntime, request, routeName, streamInfo, tableOf, type RouteConfigurationJson } from './route-fixture.ts';

const matches = (match: RouteConfigurationJson, shape: Parameters<typeof routeName>[1], randomValue = 0): boolean =>
  routeName(tableOf(answer({ prefix: '/', ...match })), shape, randomValue) === '0';

describe('query_parameters', () => {
  const value = (path: string): boolean => matches({ queryParameters: [{ name: 'a', stringMatch: { exact: 'v' } }] }, path);

  test.each(['/?a=v', '/?b=1&a=v', '/?a=v&a=w', '/?&a=v', '/?a=v&'])('%s has a=v', (path) => {
    expect(value(path)).toBe(true);
  });

  test.each(['/?a=w', '/?a', '/', '/?a=', '/?a=w&a=v', '/?a=V', '/?a==v', '/?A=v', '/?x?a=v', '/?a=%76', '/?a=v;b=1', '/?ba=v'])('%s has not', (path) => {
    expect(value(path)).toBe(false);
  });

  test('presence needs no value, and can be forbidden', () => {
    const present = (presentMatch: boolean, path: string): boolean => matches({ queryParameters: [{ name: 'a', presentMatch }] }, path);
    expect(present(true, '/?a')).toBe(true);
    expect(present(true, '/?b')).toBe(false);
    expect(present(false, '/?a=1')).toBe(false);
    expect(present(false, '/?b')).toBe(true);
    expect(matches({ queryParameters: [{ name: 'a' }] }, '/?a')).toBe(true);
  });

  test('names are compared as they stand', () => {
    const named = (name: string, path: string): boolean => matches({ queryParameters: [{ name }] }, path);
    expect(named('a b', '/?a%20b=1')).toBe(false);
    expect(named('a+b', '/?a+b=1')).toBe(true);
  });

  test('all must hold', () => {
    const both = { queryParameters: [{ name: 'a' }, { name: 'b' }] };
    expect(matches(both, '/?b&a=v')).toBe(true);
    expect(matches(both, '/?a=v')).toBe(false);
  });
});

describe('cookies', () => {
  const cookie = (lines: string[], invertMatch = false): boolean =>
    matches(
      { cookies: [{ name: 's', stringMatch: { exact: 'v' }, invertMatch }] },
      { headers: lines.map((line) => ['cookie', line] as const) },
    );

  test.each([[['s=v']], [['a=b; s=v']], [['a=b;s=v']], [['s="v"']], [['s=v; s=w']], [['a=1', 's=v']]])('%j has s=v', (lines) => {
    expect(cookie(lines)).toBe(true);
    expect(cookie(lines, true)).toBe(false);
  });

  test.each([[['s=w']], [['s = v']], [['s=v ; t=1']], [['s=w; s=v']], [[]], [['']], [['S=v']], [['s']], [['xs=v']], [['s=v=1']]])('%j has not, also for the inverted condition', (lines) => {
    expect(cookie(lines)).toBe(false);
    expect(cookie(lines, true)).toBe(true);
  });
});

describe('grpc', () => {
  const grpc = (type: string): boolean => matches({ grpc: {} }, { headers: [['content-type', type]] });

  test.each(['application/grpc', 'application/grpc+proto', 'application/grpc+'])('%s is gRPC', (type) => {
    expect(grpc(type)).toBe(true);
  });

  test.each(['application/grpc-web', 'application/grpcx', 'APPLICATION/GRPC', 'application/grpc;x=y'])('%s is not', (type) => {
    expect(grpc(type)).toBe(false);
  });

  test('nor is a request without a content type', () => {
    expect(matches({ grpc: {} }, '/')).toBe(false);
  });
});

describe('runtime_fraction', () => {
  const table = (fraction: RouteConfigurationJson, runtime = fakeRuntime({})) =>
    compileTable({ name: 'rc', virtualHosts: [{ name: 'all', domains: ['*'], routes: [answer({ prefix: '/', runtimeFraction: fraction }, { name: '0' })] }] }, { runtime });

  test('takes the share of random values below the numerator', () => {
    const quarter = table({ defaultValue: { numerator: 2500, denominator: 'TEN_THOUSAND' } });
    expect(routeName(quarter, '/', 2499)).toBe('0');
    expect(routeName(quarter, '/', 2500)).toBeUndefined();
    expect(routeName(quarter, '/', 12_499)).toBe('0');
  });

  test('the runtime overrides it, as a fraction or a number of percent, and may change', () => {
    const runtime = fakeRuntime({ k: { numerator: 100, denominator: 'HUNDRED' } });
    const overridden = table({ defaultValue: { numerator: 0 }, runtimeKey: 'k' }, runtime);
    expect(routeName(overridden, '/', 99)).toBe('0');
    runtime.set('k', 0.5);
    expect(routeName(overridden, '/', 0)).toBeUndefined();
    runtime.set('k', 250);
    expect(routeName(overridden, '/', 99)).toBe('0');
    runtime.set('k', true);
    expect(routeName(overridden, '/', 0)).toBeUndefined();
  });

  test('a runtime of nothing overrides it, one below nothing does not', () => {
    const runtime = fakeRuntime({ k: 0 });
    const all = table({ defaultValue: { numerator: 100 }, runtimeKey: 'k' }, runtime);
    expect(routeName(all, '/', 0)).toBeUndefined();
    runtime.set('k', -1);
    expect(routeName(all, '/', 99)).toBe('0');
  });

  test('consecutive routes see the same random value', () => {
    const split = tableOf(
      answer({ prefix: '/', runtimeFraction: { defaultValue: { numerator: 30 } } }),
      answer({ prefix: '/', runtimeFraction: { defaultValue: { numerator: 60 } } }),
      answer({ prefix: '/' }),
    );
    expect([29, 30, 59, 60].map((value) => routeName(split, '/', value))).toEqual(['0', '1', '1', '2']);
  });
});

test('headers are a condition of the route', () => {
  const table = tableOf(
    answer({ prefix: '/', headers: [{ name: ':method', stringMatch: { exact: 'PUT' } }, { name: 'X-A', presentMatch: true }] }),
    answer({ prefix: '/' }),
  );
  expect(routeName(table, { method: 'PUT', headers: [['x-a', '1']] })).toBe('0');
  expect(routeName(table, { method: 'PUT' })).toBe('1');
});

describe('what is known of the stream', () => {
  const route = (match: RouteConfigurationJson, info: Partial<StreamInfo>): string | undefined =>
    tableOf(answer({ prefix: '/', ...match })).route(request('/'), Object.assign(streamInfo(), info), 0)?.name;
  const connection = (tls: Partial<TlsInfo> | undefined): Partial<StreamInfo> => ({ connection: { tls } as ConnectionInfo });
  const certificate = { peer: () => ({}) as CertificateInfo, peerIsValidated: false };

  test('a filter state object matches by its text, whose bytes are UTF-8', () => {
    const match = { filterState: [{ key: 'who', stringMatch: { exact: 'ä' } }] };
    expect(route(match, { filterState: filterStateOf(['who', 'ä']) })).toBe('0');
    expect(route(match, { filterState: filterStateOf(['who', { plain: 'ä', fields: {} }]) })).toBe('0');
    expect(route(match, { filterState: filterStateOf(['who', 7]) })).toBeUndefined();
    expect(route(match, connection(undefined))).toBeUndefined();
  });

  test('all metadata matchers must hold', () => {
    const has = (key: string): RouteConfigurationJson => ({ filter: 'ns', path: [{ key }], value: { presentMatch: true } });
    const metadata = new Map([['ns', { a: 1, b: 2 }]]);
    expect(route({ dynamicMetadata: [has('a'), has('b')] }, { metadata })).toBe('0');
    expect(route({ dynamicMetadata: [has('a'), has('c')] }, { metadata })).toBeUndefined();
  });

  test('a certificate is presented, validated, or neither', () => {
    const both = (options: RouteConfigurationJson): (string | undefined)[] =>
      [connection(undefined), connection({ peer: () => undefined }), connection(certificate), connection({ ...certificate, peerIsValidated: true })].map((info) =>
        route({ tlsContext: options }, info),
      );
    expect(both({ presented: true })).toEqual([undefined, undefined, '0', '0']);
    expect(both({ presented: false })).toEqual(['0', '0', undefined, undefined]);
    expect(both({ validated: true })).toEqual([undefined, undefined, undefined, '0']);
    expect(both({ validated: false })).toEqual(['0', '0', '0', undefined]);
    expect(both({})).toEqual(['0', '0', '0', '0']);
  });
});
