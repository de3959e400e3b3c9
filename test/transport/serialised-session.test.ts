import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sessionGroup, sessionId } from '../../src/transport/serialised-session.ts';

const field = (tag: number, bytes: number[]): number[] => [tag, bytes.length, ...bytes];
const sequence = (...fields: number[][]): Buffer => Buffer.from(field(0x30, fields.flat()));
const HEAD = [field(2, [1]), field(2, [3, 4]), field(4, [0x13, 2])];

test('a session tells its id and the group of its key exchange', () => {
  const session = sequence(...HEAD, field(4, [0xab, 0xcd]), field(4, [1, 2, 3]), field(0xb3, [2, 2, 0x11, 0xec]));
  expect([sessionId(session), sessionGroup(session)]).toEqual(['abcd', 'X25519MLKEM768']);
});

test.each([
  ['without a session', undefined],
  ['of something else', Buffer.from('nodejs:tls:session')],
  ['of a group without a name', sequence(...HEAD, field(4, []), field(0xb3, [2, 1, 1]))],
])('nothing is known %s', (_what, session) => {
  expect([sessionId(session), sessionGroup(session)]).toEqual(['', '']);
});

test('whatever the bytes, the answer is text', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, isSequence) => {
      const session = Buffer.from(isSequence ? [0x30, ...bytes] : bytes);
      expect(typeof sessionId(session) + typeof sessionGroup(session)).toBe('stringstring');
    }),
  );
});
