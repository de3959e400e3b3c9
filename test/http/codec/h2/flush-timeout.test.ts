import { expect, test } from 'vitest';
import { HeaderMap } from '../../../../src/http/header-map.ts';
import { clock, frame, GET, PREFACE, ServerRig, timers, uint32 } from './h2-rig.ts';

/** A response of 1000 bytes for a client whose windows are closed; of the connection's flush timeout 1000 ms, unless the stream has its own. */
function rigWith(own?: number | 'never'): ServerRig {
  const rig = new ServerRig({ flushTimeout: timers.list(1000) });
  rig.answer = ({ encoder }) => {
    if (own !== undefined) encoder.setFlushTimeout?.(own === 'never' ? undefined : timers.list(own));
    const headers = new HeaderMap();
    headers.status = 200;
    encoder.sendHeaders(headers, false);
    encoder.sendData(Buffer.alloc(1000), true);
  };
  rig.connection.receive(PREFACE + frame(4, 0, 0, `\0\x04${uint32(0)}`) + frame(1, 5, 1, GET));
  return rig;
}

function pass(ms: number): void {
  clock.advance(ms);
  timers.expire();
}

test('a stream has the flush timeout of its connection', () => {
  const rig = rigWith();
  pass(999);
  expect(rig.codec.activeStreams).toBe(1);
  pass(20);
  expect(rig.codec.activeStreams).toBe(0);
});

test('or its own', () => {
  const rig = rigWith(3000);
  pass(2900);
  expect(rig.codec.activeStreams).toBe(1);
  pass(200);
  expect(rig.codec.activeStreams).toBe(0);
});

test('or none', () => {
  const rig = rigWith('never');
  pass(3_600_000);
  expect(rig.codec.activeStreams).toBe(1);
});

test('a window that opens by a little does not put it off', () => {
  const rig = rigWith();
  pass(900);
  rig.connection.receive(frame(8, 0, 1, uint32(10)));
  pass(200);
  expect(rig.codec.activeStreams).toBe(0);
});
