import { expect, test } from 'vitest';
import { upstreamScheme } from '../../../../src/filters/http/router/scheme.ts';
import { HeaderMap } from '../../../../src/http/header-map.ts';
import { H } from '../../../../src/http/header-name.ts';
import type { StreamInfo } from '../../../../src/http/stream-info.ts';

const PLAIN = { upstreamTls: undefined, connection: { secure: false } } as StreamInfo;
const SECURE = { upstreamTls: {}, connection: { secure: true } } as StreamInfo;

function scheme(info: StreamInfo, matchesUpstream: boolean, said: string, proto?: string): string {
  const headers = new HeaderMap();
  headers.scheme = said;
  if (proto !== undefined) headers.set(H.xForwardedProto, proto);
  return upstreamScheme(headers, info, matchesUpstream);
}

test('an upstream is told how it is spoken to, where the configuration says so', () => {
  expect([scheme(PLAIN, true, 'https'), scheme(SECURE, true, 'http')]).toEqual(['http', 'https']);
});

test('else what the client has said, x-forwarded-proto, or what its connection is', () => {
  expect(scheme(PLAIN, false, 'https', 'http')).toBe('https');
  expect(scheme(PLAIN, false, 'gopher', 'https')).toBe('https');
  expect([scheme(PLAIN, false, 'gopher', 'gopher'), scheme(SECURE, false, 'gopher')]).toEqual(['http', 'https']);
});
