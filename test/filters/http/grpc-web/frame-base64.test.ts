import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Base64Stream, FrameBase64 } from '../../../../src/filters/http/grpc-web/frame-base64.ts';

const frame = (body: Uint8Array): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
};

function* cut(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('grpc-web text', () => {
  it('is each message encoded by itself, however it is cut, and decodes back', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }), fc.integer({ min: 1, max: 20 }), (bodies, size) => {
        const frames = bodies.map(frame);
        const encoder = new FrameBase64();
        const text = [...cut(Buffer.concat(frames), size)].map((chunk) => encoder.encode(chunk)).join('');
        expect(text).toBe(frames.map((one) => one.toString('base64')).join(''));
        const decoder = new Base64Stream();
        const decoded = [...cut(Buffer.from(text), size)].map((chunk) => decoder.decode(chunk, false) as Buffer);
        expect(Buffer.concat(decoded)).toEqual(Buffer.concat(frames));
      }),
    );
  });

  it('is refused when it is no base64', () => {
    expect(new Base64Stream().decode(Buffer.from('ab$d'), false)).toBe('bad-letter');
    expect(new Base64Stream().decode(Buffer.from('abcde'), true)).toBe('bad-size');
  });
});
