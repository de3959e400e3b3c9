import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClientHelloReader, INVALID, NOT_TLS, TOO_LARGE } from '../../src/transport/client-hello.ts';
import { clientHelloText } from '../conformance/harness/client-hello.ts';

const hello = (options: string): Buffer => Buffer.from(clientHelloText(`hello ${options}`), 'latin1');

describe('a ClientHello', () => {
  it('is read however it is spread over records and reads', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 97 }), (fragment, step) => {
        const bytes = hello(`sni=A.Example.com alpn=h2,http/1.1 fragment=${fragment}`);
        const reader = new ClientHelloReader(16_384);
        let result: unknown;
        for (let length = step; result === undefined && length < bytes.length + step; length += step) result = reader.read(bytes, Math.min(length, bytes.length));
        expect(result).toEqual({ serverName: 'a.example.com', applicationProtocols: ['h2', 'http/1.1'], offersTls13: true });
      }),
    );
  });

  it('never makes the reader throw or wait for more than its limit when its bytes are damaged', () => {
    const bytes = hello('sni=a.com alpn=h2');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, value, cut) => {
        const damaged = Buffer.from(bytes);
        damaged[at] = value;
        const result = new ClientHelloReader(1024).read(damaged, cut);
        expect(result === undefined || typeof result === 'object' || [NOT_TLS, INVALID, TOO_LARGE].includes(result)).toBe(true);
      }),
    );
  });

  it('is too large as soon as more than the limit has come, and not for what it says', () => {
    const bytes = hello('sni=a.com pad=3000');
    const reader = new ClientHelloReader(1024);
    expect([20, 1023, 1024].map((length) => reader.read(bytes, length))).toEqual([undefined, undefined, TOO_LARGE]);
    expect(new ClientHelloReader(1024).read(bytes, bytes.length)).toBe(TOO_LARGE);
  });

  it('has each extension once, and of protocols that cannot be read none', () => {
    const extension = (type: number, data: number[]): number[] => [0, type, 0, data.length, ...data];
    const read = (...extensions: number[]): unknown => {
      const body = [3, 3, ...Array<number>(32).fill(7), 0, 0, 2, 0x13, 1, 1, 0, 0, extensions.length, ...extensions];
      const bytes = Buffer.from([22, 3, 1, 0, body.length + 4, 1, 0, 0, body.length, ...body]);
      return new ClientHelloReader(16_384).read(bytes, bytes.length);
    };
    expect(read(...extension(35, []), ...extension(35, []))).toBe(INVALID);
    expect([[0, 9, 2, 104, 50], [0, 4, 2, 104, 50, 0], [0, 3, 2, 104, 50, 0], []].map((data) => read(...extension(16, data)))).toEqual(Array(4).fill({ serverName: '', applicationProtocols: [], offersTls13: false }));
    expect(read(...extension(16, [0, 3, 2, 104, 50]))).toEqual({ serverName: '', applicationProtocols: ['h2'], offersTls13: false });
    expect([[4, 3, 3, 3, 4], [4, 3, 3, 3, 2], [4, 3, 3, 3], [2, 4, 3], [], [1, 3]].map((data) => read(...extension(43, data)))).toEqual(
      [true, false, false, false, false, false].map((offersTls13) => ({ serverName: '', applicationProtocols: [], offersTls13 })),
    );
  });

  it('is not looked for in plain text', () => {
    expect(new ClientHelloReader(1024).read(Buffer.from('GET / HTTP/1.1\r\n'), 16)).toBe(NOT_TLS);
  });
});
