import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../../src/core/clock.ts';
import { createCountTally, createSharedCountMemory, LocalProcessCounts, SharedProcessCounts } from '../../../../src/core/process-counts.ts';
import { DynamicBuckets } from '../../../../src/filters/http/local-ratelimit/dynamic-buckets.ts';
import { Limiter } from '../../../../src/filters/http/local-ratelimit/limiter.ts';
import { MAX_DYNAMIC_DESCRIPTORS } from '../../../../src/filters/http/local-ratelimit/settings.ts';
import { type FilterCall, FilterRig, type JsonMessage } from '../../../../src/testing/index.ts';

const ALL = { default_value: { numerator: 100 } };

function typed(config: JsonMessage): JsonMessage {
  return {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit',
    stat_prefix: 'local',
    token_bucket: { max_tokens: 1, fill_interval: '10s' },
    filter_enabled: ALL,
    filter_enforced: ALL,
    ...config,
  };
}

function rigOf(config: JsonMessage, more: { routes?: readonly JsonMessage[]; virtualHost?: JsonMessage } = {}): FilterRig {
  return new FilterRig({ filters: [{ name: 'local', typed_config: typed(config) }], ...more });
}

function statusOf(rig: FilterRig, call: FilterCall): number {
  call.upstream?.respond({ status: 200 });
  return call.response!.status;
}

const send = (rig: FilterRig, headers: Record<string, string> = {}): number => statusOf(rig, rig.send({ headers }));

describe('the bucket', () => {
  test('lets through what it has tokens for, and more as they come back', () => {
    const rig = rigOf({ token_bucket: { max_tokens: 2, tokens_per_fill: 2, fill_interval: '10s' } });
    expect([send(rig), send(rig), send(rig)]).toEqual([200, 200, 429]);
    rig.advance(4999);
    expect(send(rig)).toBe(429);
    rig.advance(1);
    expect([send(rig), send(rig)]).toEqual([200, 429]);
    expect(rig.stat('local.http_local_rate_limit.enabled')).toBe(6);
    expect(rig.stat('local.http_local_rate_limit.ok')).toBe(3);
    expect(rig.stat('local.http_local_rate_limit.rate_limited')).toBe(3);
    expect(rig.stat('local.http_local_rate_limit.enforced')).toBe(3);
  });

  test('is one for all threads', () => {
    const memory = createSharedCountMemory(64);
    const clock = new ManualClock();
    const settings = { bucket: { maxTokens: 3, tokensPerFill: 1, fillIntervalMs: 10_000 }, descriptors: [], sharers: undefined, alwaysTakesDefault: true, maxDynamicDescriptors: 20 };
    const [one, other] = [1, 2].map(() => {
      const counts = new SharedProcessCounts({ shared: memory, tally: createCountTally(memory) });
      return new Limiter(settings, clock, (name) => counts.cells(name));
    });
    expect([one!.decide(), other!.decide(), one!.decide(), other!.decide(), one!.decide()].map(({ verdict }) => verdict)).toEqual(['ok', 'ok', 'ok', 'limited', 'limited']);
  });

  test('gives each of those who share it its part, however many they are at the time', () => {
    let sharers = 2;
    const counts = new LocalProcessCounts();
    const settings = { bucket: { maxTokens: 8, tokensPerFill: 1, fillIntervalMs: 10_000 }, descriptors: [], sharers: () => sharers, alwaysTakesDefault: true, maxDynamicDescriptors: 20 };
    const limiter = new Limiter(settings, new ManualClock(), (name) => counts.cells(name));
    const verdicts = [limiter.decide(), limiter.decide()];
    sharers = 4;
    verdicts.push(limiter.decide(), limiter.decide());
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['ok', 'ok', 'ok', 'limited']);
  });

  test('tells when it has another token, in whole seconds', () => {
    const rig = rigOf({ enable_x_ratelimit_headers: 'DRAFT_VERSION_03', enable_retry_after_header: true });
    const first = rig.send();
    first.upstream!.respond({ status: 200 });
    expect(first.response!.headers).toMatchObject({ 'x-ratelimit-limit': '1', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '10' });
    rig.advance(8500);
    const { headers } = rig.send().response!;
    expect(headers).toMatchObject({ 'x-ratelimit-reset': '2', 'retry-after': '2' });
  });

  test('names no time while it has tokens', () => {
    const rig = rigOf({ token_bucket: { max_tokens: 2, fill_interval: '10s' }, enable_x_ratelimit_headers: 'DRAFT_VERSION_03' });
    const call = rig.send();
    call.upstream!.respond({ status: 200 });
    expect(call.response!.headers).toMatchObject({ 'x-ratelimit-limit': '2', 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '0' });
  });

  test('without tokens refuses everything, and tells nothing of itself', () => {
    const rig = rigOf({ token_bucket: { max_tokens: 0, fill_interval: '10s' }, enable_x_ratelimit_headers: 'DRAFT_VERSION_03', enable_retry_after_header: true });
    const { status, headers } = rig.send().response!;
    expect(status).toBe(429);
    expect(Object.keys(headers).filter((name) => /ratelimit|retry/.test(name))).toEqual([]);
  });

  test('counts where it is not enforced, and passes a mark on', () => {
    const rig = rigOf({ filter_enforced: undefined, request_headers_to_add_when_not_enforced: [{ header: { key: 'x-over', value: 'yes' } }] });
    expect(rig.send().upstream!.headers['x-over']).toBeUndefined();
    expect(rig.send().upstream!.headers['x-over']).toBe('yes');
    expect(rig.stat('local.http_local_rate_limit.rate_limited')).toBe(1);
    expect(rig.stat('local.http_local_rate_limit.enforced')).toBe(0);
  });
});

describe('descriptors', () => {
  const byUser = [{ actions: [{ request_headers: { header_name: 'x-user', descriptor_key: 'user' } }] }];
  const bucket = { max_tokens: 1, fill_interval: '10s' };
  const large = { token_bucket: { max_tokens: 1000, fill_interval: '10s' } };

  test('have buckets of their own', () => {
    const rig = rigOf({ ...large, descriptors: [{ entries: [{ key: 'user', value: 'ann' }], token_bucket: bucket }], rate_limits: byUser });
    expect([send(rig, { 'x-user': 'ann' }), send(rig, { 'x-user': 'ann' }), send(rig, { 'x-user': 'bob' }), send(rig)]).toEqual([200, 429, 200, 200]);
  });

  test('come from the route, and from the virtual host if the route has none', () => {
    const config = { ...large, descriptors: [{ entries: [{ key: 'user', value: 'ann' }], token_bucket: bucket }] };
    const route = (action: JsonMessage) => ({ routes: [{ match: { prefix: '/' }, route: { cluster: 'upstream', ...action } }], virtualHost: { rate_limits: byUser } });
    const other = [{ actions: [{ generic_key: { descriptor_value: 'x' } }] }];
    const twice = (rig: FilterRig) => [send(rig, { 'x-user': 'ann' }), send(rig, { 'x-user': 'ann' })];
    expect(twice(rigOf(config, route({})))).toEqual([200, 429]);
    expect(twice(rigOf(config, route({ rate_limits: other })))).toEqual([200, 200]);
    expect(twice(rigOf(config, route({ rate_limits: other, include_vh_rate_limits: true })))).toEqual([200, 429]);
    expect(twice(rigOf(config, route({ rate_limits: byUser })))).toEqual([200, 429]);
  });

  test('with an open value have a bucket for each value, as many as are remembered', () => {
    const rig = rigOf({ ...large, max_dynamic_descriptors: 2, descriptors: [{ entries: [{ key: 'user' }], token_bucket: bucket }], rate_limits: byUser });
    const one = (user: string): number => {
      rig.advance(1);
      return send(rig, { 'x-user': user });
    };
    expect(['ann', 'bob', 'ann', 'cid', 'ann', 'bob'].map(one)).toEqual([200, 200, 429, 200, 429, 200]);
  });

  test('take as many hits as the request says', () => {
    const rate_limits = [{ ...byUser[0], hits_addend: { format: '%REQ(x-hits)%' } }];
    const rig = rigOf({ ...large, descriptors: [{ entries: [{ key: 'user', value: 'ann' }], token_bucket: { max_tokens: 5, fill_interval: '10s' } }], rate_limits });
    const hits = (count: string): number => send(rig, { 'x-user': 'ann', 'x-hits': count });
    expect([hits('3'), hits('3'), hits('2'), hits('many'), hits('1')]).toEqual([200, 429, 200, 200, 429]);
  });
});

describe('buckets for values that requests bring', () => {
  test('are bounded, in shared memory too', () => {
    const counts = new LocalProcessCounts();
    const names = new Set<string>();
    const clock = new ManualClock();
    const buckets = new DynamicBuckets({ maxTokens: 1, tokensPerFill: 1, fillIntervalMs: 10_000 }, 50, clock, (name) => {
      names.add(name);
      return counts.cells(name);
    });
    for (let value = 0; value < 10_000; value++) buckets.find(`value ${value}`);
    expect(names.size).toBeLessThanOrEqual(3 * 50);
  });

  test('are shared by no two values of a quick hash that a client can find in seconds', () => {
    const counts = new LocalProcessCounts();
    const buckets = new DynamicBuckets({ maxTokens: 1, tokensPerFill: 1, fillIntervalMs: 10_000 }, 20, new ManualClock(), (name) => counts.cells(name));
    // Of one FNV-1a hash with 52 bits.
    const [victim, attacker] = ['iX3Eg0dLk2', 'Uvg5Q3XUK0'].map((value) => buckets.find(value));
    expect([attacker!.tryTake(), victim!.tryTake()]).toEqual([true, true]);
  });

  test('belong to the same value in all threads', () => {
    const memory = createSharedCountMemory(256);
    const clock = new ManualClock();
    const [one, other] = [1, 2].map(() => {
      const counts = new SharedProcessCounts({ shared: memory, tally: createCountTally(memory) });
      return new DynamicBuckets({ maxTokens: 1, tokensPerFill: 1, fillIntervalMs: 10_000 }, 20, clock, (name) => counts.cells(name));
    });
    expect(one!.find('ann').tryTake()).toBe(true);
    expect(other!.find('ann').tryTake()).toBe(false);
    expect(other!.find('bob').tryTake()).toBe(true);
    expect(one!.find('bob').tryTake()).toBe(false);
  });
});

test('a connection has one set of buckets, that of the rules which asked for it first', () => {
  const rig = rigOf({ local_rate_limit_per_downstream_connection: true });
  expect([send(rig), send(rig)]).toEqual([200, 200]);
});

test('a route has its own rules, and must have a bucket', () => {
  const limited = (config: JsonMessage) => [{ match: { prefix: '/' }, route: { cluster: 'upstream' }, typed_per_filter_config: { local: typed({ stat_prefix: 'own', ...config }) } }];
  const rig = rigOf({ filter_enabled: undefined }, { routes: limited({}) });
  expect([send(rig), send(rig)]).toEqual([200, 429]);
  expect(rig.stat('own.http_local_rate_limit.enforced')).toBe(1);
  expect(() => rigOf({}, { routes: limited({ token_bucket: undefined }) })).toThrow('local rate limit token bucket must be set for per filter configs');
});

test.each([
  ['token_bucket', { token_bucket: { max_tokens: 1, fill_interval: '0.049s' } }, 'local rate limit token bucket fill timer must be >= 50ms'],
  ['descriptors[0].token_bucket', { descriptors: [{ entries: [{ key: 'a', value: 'b' }], token_bucket: { max_tokens: 1, fill_interval: '0.01s' } }] }, 'local rate limit descriptor token bucket fill timer must be >= 50ms'],
  ['descriptors[1]', { descriptors: [1, 2].map(() => ({ entries: [{ key: 'a', value: 'b' }], token_bucket: { max_tokens: 1, fill_interval: '1s' } })) }, 'duplicate descriptor in the local rate descriptor: a=b'],
  ['max_dynamic_descriptors', { max_dynamic_descriptors: MAX_DYNAMIC_DESCRIPTORS + 1 }, 'not supported: more than'],
  ['rate_limits[0]', { rate_limits: [{ stage: 1, actions: [{ remote_address: {} }] }] }, "'stage' field and 'disable_key' field are not supported"],
  ['rate_limits[0].limit', { rate_limits: [{ limit: { dynamic_metadata: { metadata_key: { key: 'a', path: [{ key: 'b' }] } } }, actions: [{ remote_address: {} }] }] }, "'limit' field is not supported"],
  ['rate_limits[0].hits_addend', { rate_limits: [{ hits_addend: { number: 1, format: '%REQ(a)%' }, actions: [{ remote_address: {} }] }] }, 'hits_addend must contain either a format or a number'],
])('%s is refused when %j', (_place, config, message) => {
  expect(() => rigOf(config)).toThrow(message);
});
