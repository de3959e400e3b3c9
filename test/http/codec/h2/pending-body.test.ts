import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PendingBody } from '../../../../src/http/codec/h2/pending-body.ts';

describe('body that waits', () => {
  it('leaves as it came, in pieces of any size', () => {
    const step = fc.oneof(fc.record({ append: fc.uint8Array({ minLength: 1, maxLength: 50 }), start: fc.nat(49) }), fc.record({ take: fc.integer({ min: 1, max: 80 }) }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const body = new PendingBody();
        let expected = Buffer.alloc(0);
        for (const one of steps) {
          if ('append' in one) {
            const start = Math.min(one.start, one.append.length - 1);
            body.append(Buffer.from(one.append), start);
            expected = Buffer.concat([expected, one.append.subarray(start)]);
          } else if (body.bytes > 0) {
            const taken = Buffer.from(body.take(one.take));
            expect(taken.length).toBeGreaterThan(0);
            expect(taken.length).toBeLessThanOrEqual(one.take);
            expect(taken.equals(expected.subarray(0, taken.length))).toBe(true);
            expected = expected.subarray(taken.length);
          }
          expect(body.bytes).toBe(expected.length);
        }
      }),
    );
  });

  it('costs little more than its bytes when it comes a byte at a time', () => {
    const body = new PendingBody();
    const byte = Buffer.from('x');
    for (let count = 0; count < 1_000_000; count++) body.append(byte, 0);
    let pieces = 0;
    for (; body.bytes > 0; pieces++) body.take(16_384);
    expect(pieces).toBeLessThan(100);
  });
});
