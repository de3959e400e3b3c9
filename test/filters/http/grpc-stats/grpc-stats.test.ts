import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MessageCounter } from '../../../../src/filters/http/grpc-stats/message-counter.ts';
import { GrpcStatsStore, MAX_METHODS, MAX_STATUSES } from '../../../../src/filters/http/grpc-stats/method-stats.ts';
import { SharedStatStore } from '../../../../src/core/stats/store.ts';
import { HeaderMap } from '../../../../src/http/header-map.ts';
import { FilterRig, type JsonMessage } from '../../../../src/testing/index.ts';

function message(text: string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(text.length, 1);
  return Buffer.concat([head, Buffer.from(text)]);
}

function rigOf(config: JsonMessage): FilterRig {
  return new FilterRig({ filters: [{ name: 'stats', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.grpc_stats.v3.FilterConfig', ...config } }] });
}

function call(rig: FilterRig, path: string, status = '0'): void {
  const sent = rig.send({ method: 'POST', path, headers: { 'content-type': 'application/grpc' }, body: message('ab') });
  sent.upstream!.respond({ status: 200, headers: { 'content-type': 'application/grpc' }, body: Buffer.concat([message('c'), message('')]), trailers: { 'grpc-status': status } });
}

const countsOf = (rig: FilterRig, scope: string): number[] =>
  ['success', 'failure', 'total', 'request_message_count', 'response_message_count'].map((name) => rig.stat(`cluster.upstream.${scope}.${name}`));

describe('calls are counted', () => {
  test('for the cluster as a whole unless methods are asked for', () => {
    const rig = rigOf({});
    call(rig, '/pkg.Service/Method');
    call(rig, '/any/path/at/all', '5');
    expect(countsOf(rig, 'grpc')).toEqual([1, 1, 2, 2, 4]);
    expect(rig.stat('cluster.upstream.grpc.5')).toBe(1);
  });

  test('by all methods, with dots in the service replaced or not', () => {
    const rig = rigOf({ stats_for_all_methods: true });
    call(rig, '/pkg.Service/Method');
    call(rig, '/no-method');
    expect(countsOf(rig, 'grpc.pkg.Service.Method')).toEqual([1, 0, 1, 1, 2]);
    expect(countsOf(rig, 'grpc')).toEqual([0, 0, 0, 0, 0]);
    const replaced = rigOf({ stats_for_all_methods: true, replace_dots_in_grpc_service_name: true });
    call(replaced, '/pkg.Service/Method');
    expect(countsOf(replaced, 'grpc.pkg_Service.Method')).toEqual([1, 0, 1, 1, 2]);
  });

  test('by listed methods, the others together', () => {
    const rig = rigOf({ individual_method_stats_allowlist: { services: [{ name: 'pkg.Service', method_names: ['One', 'Two'] }] } });
    call(rig, '/pkg.Service/Two');
    call(rig, '/pkg.Service/Three');
    call(rig, '/no-method');
    expect(countsOf(rig, 'grpc.pkg.Service.Two')).toEqual([1, 0, 1, 1, 2]);
    expect(countsOf(rig, 'grpc')).toEqual([2, 0, 2, 2, 4]);
  });

  test('not when they are none of gRPC', () => {
    const rig = rigOf({});
    rig.send({ method: 'POST', headers: { 'content-type': 'application/json' }, body: 'x' }).upstream!.respond({ status: 200 });
    expect(countsOf(rig, 'grpc')).toEqual([0, 0, 0, 0, 0]);
  });
});

test('messages are told in the filter state from the first one on', () => {
  const shown = (body: Buffer | undefined): string | undefined => {
    const rig = new FilterRig({
      filters: [{ name: 'stats', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.grpc_stats.v3.FilterConfig', emit_filter_state: true } }],
      virtualHost: { response_headers_to_add: [{ header: { key: 'x-counts', value: '%FILTER_STATE(envoy.filters.http.grpc_stats:PLAIN)% %FILTER_STATE(envoy.filters.http.grpc_stats)%' } }] },
    });
    const sent = rig.send({ method: 'POST', path: '/s/m', headers: { 'content-type': 'application/grpc' }, body });
    sent.upstream!.respond({ status: 200, headers: { 'content-type': 'application/grpc', 'grpc-status': '0' } });
    return sent.response!.headers['x-counts'];
  };
  expect(shown(Buffer.concat([message('a'), message('b')]))).toBe('2,0 {"requestMessageCount":"2"}');
  expect(shown(undefined)?.trim()).toBe('');
});

test('names that clients and upstreams choose are bounded', () => {
  const announced = new Set<string>();
  const store = new SharedStatStore({ direct: true, onAnnounce: (announcement) => void announced.add(JSON.stringify(announcement)) });
  const stats = new GrpcStatsStore(store, false);
  for (let index = 0; index < MAX_METHODS + 10; index++) stats.find(`cluster.c.grpc.s.m${index}`);
  expect(stats.find('cluster.c.grpc.s.another')).toBeUndefined();
  const before = announced.size;
  const method = stats.find('cluster.c.grpc.s.m0')!;
  for (let status = 0; status < 1000; status++) {
    const trailers = new HeaderMap();
    trailers.addText('grpc-status', String(status));
    method.count(trailers);
  }
  expect(announced.size - before).toBeLessThanOrEqual(MAX_STATUSES);
});

test('messages are counted however their bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 300 }), { maxLength: 6 }), fc.array(fc.nat(20), { maxLength: 40 }), (texts, cuts) => {
      const bytes = Buffer.concat(texts.map((text) => message(Buffer.from(text).toString('latin1'))));
      const counter = new MessageCounter();
      let at = 0;
      let count = 0;
      for (const cut of cuts) {
        count += counter.add(bytes.subarray(at, at + cut));
        at += cut;
      }
      expect(count + counter.add(bytes.subarray(at))).toBe(texts.length);
    }),
  );
});
