import { expect, test } from 'vitest';
import { FilterRig } from '../../../src/testing/index.ts';

/** How often answers that were cut off are counted. */
function cutOff(contentType: string): number {
  const rig = new FilterRig({ filters: [] });
  const call = rig.send({ method: 'POST', headers: { 'content-type': contentType }, body: 'x' });
  call.upstream!.respond({ status: 200, headers: { 'content-type': contentType }, body: 'some', more: true });
  call.upstream!.cut();
  return rig.stat('http.test.rq_reset_after_downstream_response_started');
}

test('an answer of gRPC that its upstream cuts off is counted, as its status is still to come', () => {
  expect(cutOff('application/grpc')).toBe(1);
  expect(cutOff('text/plain')).toBe(0);
});
