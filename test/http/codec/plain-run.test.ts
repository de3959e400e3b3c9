import fc from 'fast-check';
import { expect, test } from 'vitest';
import { skipPlain } from '../../../src/http/codec/plain-run.ts';

function isPlain(byte: number): boolean {
  return byte >= 0x20 && byte !== 0x7f;
}

test('never skips a control character, from any offset, and leaves less than four plain bytes', () => {
  const bytes = Buffer.alloc(64);
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer({ min: 0x20, max: 0xff }), fc.constantFrom(0x00, 0x0d, 0x1f, 0x7f, 0x80, 0xff)), { maxLength: 64 }), fc.nat(63), (content, start) => {
      bytes.fill(0x41);
      bytes.set(content);
      const end = content.length;
      if (start > end) return;
      const at = skipPlain(words, start, end);
      const firstControl = content.findIndex((byte, offset) => offset >= start && !isPlain(byte));
      const plainEnd = firstControl === -1 ? end : firstControl;
      expect(at).toBeGreaterThanOrEqual(start);
      expect(at).toBeLessThanOrEqual(plainEnd);
      expect(plainEnd - at).toBeLessThan(4);
    }),
  );
});
