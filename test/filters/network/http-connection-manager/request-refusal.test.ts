import { expect, test } from 'vitest';
import type { ConnectionManagerConfig } from '../../../../src/filters/network/http-connection-manager/config.ts';
import { admitHead } from '../../../../src/filters/network/http-connection-manager/request-refusal.ts';
import { HeaderMap } from '../../../../src/http/header-map.ts';
import { request, streamInfo } from '../../../http/route/route-fixture.ts';

/** The header that an overloaded proxy adds to its answer; undefined = none. */
function toldOf(appendLocalOverload: boolean): string | undefined {
  const config = { overload: { states: { stop_accepting_requests: 1 } }, random: { unit: () => 0.5 }, appendLocalOverload } as unknown as ConnectionManagerConfig;
  const { reply } = admitHead(request(), { config, encoder: { expectContinue: false, minorVersion: 1 }, info: streamInfo(), respondInformational() {} })!;
  expect(reply).toMatchObject({ status: 503, body: 'envoy overloaded', details: 'overload' });
  const headers = new HeaderMap();
  reply.headers?.(headers);
  return headers.serialise().split('\r\n').find((line) => line.startsWith('x-envoy-local-overloaded'));
}

test('requests that are dropped for overload are told so where the manager says it', () => {
  expect(toldOf(false)).toBeUndefined();
  expect(toldOf(true)).toBe('x-envoy-local-overloaded: true');
});
