import { expect, test } from 'vitest';
import { MAX_MESSAGE_BYTES } from '../../../../src/filters/http/grpc-web/grpc-web.ts';
import { FilterRig } from '../../../../src/testing/index.ts';

test('of the body of an answer that is none of gRPC so much is told as the limit says', () => {
  const rig = new FilterRig({ filters: [{ name: 'grpc-web', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.grpc_web.v3.GrpcWeb' } }] });
  const call = rig.send({ method: 'POST', headers: { 'content-type': 'application/grpc-web' } });
  call.upstream!.respond({ status: 503, headers: { 'content-type': 'text/plain' }, body: ['a'.repeat(MAX_MESSAGE_BYTES), 'bc'] });
  expect(call.response!.headers['grpc-message']).toBe('a'.repeat(MAX_MESSAGE_BYTES));
});
