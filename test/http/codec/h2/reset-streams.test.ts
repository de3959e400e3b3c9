import { expect, test } from 'vitest';
import { ErrorCode, MAX_WINDOW_BYTES } from '../../../../src/http/codec/h2/frame.ts';
import { H2Stream, type StreamSession } from '../../../../src/http/codec/h2/h2-stream.ts';
import { ResetStreams } from '../../../../src/http/codec/h2/reset-streams.ts';

const answered = (id: number, bodyLeft = -1): H2Stream => {
  const stream = new H2Stream({} as StreamSession, id, 65_535, 65_535);
  stream.bodyLeft = bodyLeft;
  return stream;
};

test('the last 256 streams that were reset are remembered', () => {
  const streams = new ResetStreams();
  for (let id = 1; id <= 601; id += 2) streams.add(id, undefined);
  expect([streams.has(89), streams.has(91), streams.has(601)]).toEqual([false, true, true]);
});

test('a stream that the peer has reset too is forgotten', () => {
  const streams = new ResetStreams();
  streams.add(1, answered(1, 10));
  streams.delete(1);
  streams.delete(3);
  expect([streams.has(1), streams.onData(1, 11, false)]).toEqual([false, -1]);
});

test('what is left of a request whose answer was complete must make sense, and is faulted once', () => {
  const streams = new ResetStreams();
  streams.add(1, answered(1, 10));
  streams.add(3, undefined);
  expect([streams.onData(1, 6, false), streams.onData(3, 99, false)]).toEqual([-1, -1]);
  expect([streams.onData(1, 6, false), streams.onData(1, 6, false)]).toEqual([ErrorCode.protocolError, -1]);
  streams.add(5, answered(5));
  expect([streams.onWindowUpdate(5, MAX_WINDOW_BYTES), streams.onWindowUpdate(5, 1)]).toEqual([ErrorCode.flowControlError, -1]);
});
