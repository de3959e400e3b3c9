import { describe, expect, test } from 'vitest';
import type { Extension } from '../../../src/core/extension.ts';
import { CONTINUE, STOP, STOP_AND_BUFFER, type HttpFilter } from '../../../src/http/filter.ts';
import { FilterRig, type JsonMessage } from '../../../src/testing/index.ts';

const CONFIG_TYPE = 'envoy.extensions.filters.http.on_demand.v3.OnDemand';

/** Holds the body up to the limit of the stream, which it leaves as it is. */
const holdExtension: Extension<never, HttpFilter> = {
  name: 'hold',
  category: 'envoy.filters.http',
  configType: CONFIG_TYPE,
  compile: () => ({
    decodeHeaders: (_stream, _headers, end) => (end ? CONTINUE : STOP),
    decodeData: (_stream, _chunk, end) => (end ? CONTINUE : STOP_AND_BUFFER),
  }),
};

const LISTENER_LIMIT_BYTES = 1000;

/** The answer to a body of this size, which comes in two parts; 200 if it is forwarded. */
function statusOf(bodyBytes: number, route: JsonMessage, virtualHost: JsonMessage = {}): number {
  const rig = new FilterRig({
    filters: [{ name: 'hold', typed_config: { '@type': `type.googleapis.com/${CONFIG_TYPE}` } }],
    extensions: [holdExtension],
    bufferLimitBytes: LISTENER_LIMIT_BYTES,
    routes: [{ match: { prefix: '/' }, route: { cluster: 'upstream' }, ...route }],
    virtualHost,
  });
  const call = rig.send({ method: 'POST', body: [Buffer.alloc(bodyBytes - 1), 'x'] });
  call.upstream?.respond({ status: 200 });
  return call.response!.status;
}

describe('what a filter may hold of a body', () => {
  test('is what the listener says', () => {
    expect(statusOf(1000, {})).toBe(200);
    expect(statusOf(1001, {})).toBe(413);
  });

  test.each([
    ['request_body_buffer_limit of the route', { request_body_buffer_limit: 5000 }, {}],
    ['that of the virtual host', {}, { request_body_buffer_limit: 5000 }],
    ['per_request_buffer_limit_bytes of the route', { per_request_buffer_limit_bytes: 5000 }, {}],
    ['that of the virtual host as well', {}, { per_request_buffer_limit_bytes: 5000 }],
    ['request_body_buffer_limit before per_request_buffer_limit_bytes', { request_body_buffer_limit: 5000, per_request_buffer_limit_bytes: 1 }, {}],
    ['that of the virtual host even before per_request_buffer_limit_bytes of the route', { per_request_buffer_limit_bytes: 1 }, { request_body_buffer_limit: 5000 }],
  ])('is raised by %s', (_name, route, virtualHost) => {
    expect(statusOf(5000, route, virtualHost)).toBe(200);
    expect(statusOf(5001, route, virtualHost)).toBe(413);
  });

  test('is not lowered by either', () => {
    expect(statusOf(1000, { request_body_buffer_limit: 10 })).toBe(200);
    expect(statusOf(1000, { per_request_buffer_limit_bytes: 10 })).toBe(200);
    expect(statusOf(1001, { request_body_buffer_limit: 10, per_request_buffer_limit_bytes: 5000 })).toBe(413);
  });

  test('is the listener\'s where a route answers by itself', () => {
    expect(statusOf(1001, { route: undefined, direct_response: { status: 200 }, request_body_buffer_limit: 5000 })).toBe(413);
  });
});
