import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { apiTypes, schemaOf } from '../../../src/api/registry.ts';
import type { RateLimit } from '../../../src/api/generated/envoy/config/route/v3.ts';
import type { CompileContext, ServiceKey } from '../../../src/core/extension.ts';
import { ConfigPath, formatProblem, Problems } from '../../../src/core/problems.ts';
import { SeededRandom } from '../../../src/core/random.ts';
import { emptyRuntime, type Runtime } from '../../../src/core/runtime.ts';
import { type Descriptor, descriptorKey } from '../../../src/http/rate-limit/descriptor.ts';
import { compileOwnRateLimits, compileRateLimits } from '../../../src/http/rate-limit/policy.ts';
import type { ForwardRoute } from '../../../src/http/route/route.ts';
import { StreamInfo, type ConnectionInfo } from '../../../src/http/stream-info.ts';
import { fakeRuntime, request, type RequestShape } from '../route/route-fixture.ts';

interface Scene extends RequestShape {
  readonly address?: string;
  readonly metadata?: Record<string, unknown>;
  readonly runtime?: Runtime;
  readonly stage?: number;
  readonly own?: boolean;
}

function describeWith(limit: Record<string, JsonValue>, scene: Scene = {}): Descriptor[] {
  const message = fromJson(schemaOf('envoy.config.route.v3.RateLimit'), limit, { registry: apiTypes }) as unknown as RateLimit;
  const problems = new Problems();
  const context = { error: (at: ConfigPath, text: string) => problems.error(at, text), runtime: scene.runtime ?? emptyRuntime, node: { cluster: 'edge' }, service: (key: ServiceKey<unknown>) => key.otherwise } as unknown as CompileContext;
  const policy = (scene.own === true ? compileOwnRateLimits : compileRateLimits)([message], ConfigPath.root, context)!;
  if (!problems.ok) throw new Error(problems.errors.map(formatProblem).join('\n'));
  const host = scene.address ?? '192.0.2.7';
  const info = new StreamInfo({ remoteAddress: { kind: 'ip', host, port: 1, text: '' } } as unknown as ConnectionInfo);
  if (scene.metadata !== undefined) info.metadata = new Map([['ns', scene.metadata]]);
  const route = { clusterName: () => 'web', metadata: { ns: { of: 'the route' } } } as unknown as ForwardRoute;
  const descriptors: Descriptor[] = [];
  policy.describe({ headers: request(scene), info, route }, scene.stage ?? 0, new SeededRandom(1), descriptors);
  return descriptors;
}

/** The entries of the one descriptor, or undefined when there is none. */
function entriesOf(actions: JsonValue[], scene?: Scene): string[] | undefined {
  return describeWith({ actions }, scene)[0]?.entries.map(({ key, value }) => `${key}=${value}`);
}

const withUser: Scene = { headers: [['x-user', 'ann'], ['x-user', 'bob']] };
const inRange = (prefix: string, invertMatch = false): JsonValue => ({ remoteAddressMatch: { descriptorKey: 'near', descriptorValue: '%REQ(x-user)%', defaultValue: 'nobody', addressMatcher: { ranges: [{ addressPrefix: prefix, prefixLen: 24 }], invertMatch } } });

describe('an action', () => {
  test.each<[string, JsonValue, Scene, string[] | undefined]>([
    ['source_cluster', { sourceCluster: {} }, {}, ['source_cluster=edge']],
    ['destination_cluster', { destinationCluster: {} }, {}, ['destination_cluster=web']],
    ['remote_address', { remoteAddress: {} }, {}, ['remote_address=192.0.2.7']],
    ['masked_remote_address', { maskedRemoteAddress: { v4PrefixMaskLen: 24 } }, {}, ['masked_remote_address=192.0.2.0/24']],
    ['masked_remote_address of IPv6', { maskedRemoteAddress: { v6PrefixMaskLen: 48 } }, { address: '2001:db8:1:2::3' }, ['masked_remote_address=2001:db8:1::/48']],
    ['generic_key', { genericKey: { descriptorValue: '%REQ(x-user)%' } }, withUser, ['generic_key=%REQ(x-user)%']],
    ['request_headers: the first value', { requestHeaders: { headerName: 'X-User', descriptorKey: 'user' } }, withUser, ['user=ann']],
    ['request_headers without the header', { requestHeaders: { headerName: 'x-user', descriptorKey: 'user' } }, {}, undefined],
    ['request_headers that may be absent', { requestHeaders: { headerName: 'x-user', descriptorKey: 'user', skipIfAbsent: true } }, {}, []],
    ['header_value_match', { headerValueMatch: { descriptorValue: 'v', headers: [{ name: 'x-user', presentMatch: true }] } }, withUser, ['header_match=v']],
    ['header_value_match that does not', { headerValueMatch: { descriptorValue: 'v', headers: [{ name: 'x-user', presentMatch: true }] } }, {}, undefined],
    ['header_value_match turned round', { headerValueMatch: { descriptorValue: 'v', expectMatch: false, headers: [{ name: 'x-user', presentMatch: true }] } }, {}, ['header_match=v']],
    ['query_parameters: decoded', { queryParameters: { queryParameterName: 'a b', descriptorKey: 'q' } }, { path: '/?x=1&a%20b=%2F+&a%20b=2' }, ['q=/+']],
    ['query_parameters without the parameter', { queryParameters: { queryParameterName: 'q', descriptorKey: 'q' } }, { path: '/?p=1' }, undefined],
    ['query_parameter_value_match', { queryParameterValueMatch: { descriptorValue: 'v', queryParameters: [{ name: 'q', stringMatch: { exact: '1 2' } }] } }, { path: '/?q=1%202' }, ['query_match=v']],
    ['query_parameter_value_match that does not', { queryParameterValueMatch: { descriptorValue: 'v', queryParameters: [{ name: 'q', presentMatch: true }] } }, { path: '/' }, undefined],
    ['remote_address_match, whose value is a format', inRange('192.0.2.0'), withUser, ['near=ann']],
    ['remote_address_match with its default', inRange('192.0.2.0'), {}, ['near=nobody']],
    ['remote_address_match that does not', inRange('192.0.3.0'), {}, undefined],
    ['remote_address_match turned round', inRange('192.0.3.0', true), {}, ['near=nobody']],
    ['metadata', { metadata: { descriptorKey: 'm', metadataKey: { key: 'ns', path: [{ key: 'a' }, { key: 'b' }] } } }, { metadata: { a: { b: 'deep' } } }, ['m=deep']],
    ['metadata in a list', { metadata: { descriptorKey: 'm', metadataKey: { key: 'ns', path: [{ key: 'a' }, { index: 1 }] } } }, { metadata: { a: ['x', 'y'] } }, ['m=y']],
    ['metadata that is no text', { metadata: { descriptorKey: 'm', metadataKey: { key: 'ns', path: [{ key: 'a' }] } } }, { metadata: { a: 7 } }, undefined],
    ['metadata that only objects inherit', { metadata: { descriptorKey: 'm', metadataKey: { key: 'ns', path: [{ key: 'constructor' }, { key: 'name' }] } } }, { metadata: {} }, undefined],
    ['metadata of the route', { metadata: { descriptorKey: 'm', source: 'ROUTE_ENTRY', metadataKey: { key: 'ns', path: [{ key: 'of' }] } } }, {}, ['m=the route']],
    ['metadata with a default', { metadata: { descriptorKey: 'm', defaultValue: 'd', metadataKey: { key: 'none', path: [{ key: 'of' }] } } }, {}, ['m=d']],
  ])('%s', (_name, action, scene, entries) => {
    expect(entriesOf([action], scene)).toEqual(entries);
  });

  test('that finds nothing makes the whole descriptor void', () => {
    expect(entriesOf([{ remoteAddress: {} }, { requestHeaders: { headerName: 'x-none', descriptorKey: 'user' } }])).toBeUndefined();
  });
});

describe('a limit', () => {
  const actions = [{ remoteAddress: {} }];

  test('counts in its stage only', () => {
    expect(describeWith({ actions, stage: 2 })).toEqual([]);
    expect(describeWith({ actions, stage: 2 }, { stage: 2 })).toHaveLength(1);
  });

  test('is switched off by its key in the runtime', () => {
    const off = fakeRuntime({ 'ratelimit.k.http_filter_enabled': 0 });
    expect(describeWith({ actions, disableKey: 'k' }, { runtime: off })).toEqual([]);
    expect(describeWith({ actions, disableKey: 'k' })).toHaveLength(1);
  });

  test('counts one hit, or what a limit of the filter itself says', () => {
    const hitsAddend = { format: '%REQ(x-user)%' };
    const hits = (user: string): number | undefined => describeWith({ actions, hitsAddend }, { own: true, headers: [['x-user', user]] })[0]?.hits;
    expect(describeWith({ actions, hitsAddend: { number: '3' } })[0]!.hits).toBe(1);
    expect(describeWith({ actions, hitsAddend: { number: '3' } }, { own: true })[0]!.hits).toBe(3);
    expect(describeWith({ actions, hitsAddend: { number: '3', isNegativeHits: true } }, { own: true })[0]!.hits).toBe(-3);
    expect([hits('2'), hits('1.9'), hits('-1'), hits('x'), hits('1e3')]).toEqual([2, 1, undefined, undefined, undefined]);
  });

  test('of the filter itself for the end of a stream counts nothing before it', () => {
    expect(describeWith({ actions, applyOnStreamDone: true }, { own: true })).toEqual([]);
  });
});

test('descriptors of different entries have different keys', () => {
  const keys = [[['a', 'b']], [['a', ''], ['b', '']], [['ab', '']], [['a', 'b'], ['', '']], [['b', 'a']]].map((pairs) =>
    descriptorKey(pairs.map(([key, value]) => ({ key: key!, value: value! }))),
  );
  expect(new Set(keys).size).toBe(keys.length);
});
