import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { ClientHelloReader, TOO_LARGE, UNREADABLE } from '../../src/transport/client-hello-reader.ts';
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
        expect(result).toEqual({ version: 0x303, serverName: 'a.example.com', applicationProtocols: ['h2', 'http/1.1'], offersTls13: true });
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
        expect(result === undefined || result === TOO_LARGE || 'alert' in result || 'serverName' in result).toBe(true);
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
    expect(read(...extension(35, []), ...extension(35, []))).toBe(UNREADABLE);
    expect([[0, 9, 2, 104, 50], [0, 4, 2, 104, 50, 0], [0, 3, 2, 104, 50, 0], []].map((data) => read(...extension(16, data)))).toEqual(Array(4).fill({ version: 0x303, serverName: '', applicationProtocols: [], offersTls13: false }));
    expect(read(...extension(16, [0, 3, 2, 104, 50]))).toEqual({ version: 0x303, serverName: '', applicationProtocols: ['h2'], offersTls13: false });
    expect([[4, 3, 3, 3, 4], [4, 3, 3, 3, 2], [4, 3, 3, 3], [2, 4, 3], [], [1, 3]].map((data) => read(...extension(43, data)))).toEqual(
      [true, false, false, false, false, false].map((offersTls13) => ({ version: 0x303, serverName: '', applicationProtocols: [], offersTls13 })),
    );
  });

  it('may be in the form of SSL 2', () => {
    const bytes = latin1('\x80\x0c\x01\x03\x01\0\x03\0\0\0\0\0\0\x2f');
    expect(new ClientHelloReader(1024).read(bytes, bytes.length - 1)).toBe(undefined);
    expect(new ClientHelloReader(1024).read(bytes, bytes.length)).toEqual({ version: 0x301, serverName: '', applicationProtocols: [], offersTls13: false });
  });

  it('may follow four warnings and 32 empty records', () => {
    for (const [before, most] of [['\x15\x03\x01\0\x02\x01\x5a', 4], ['\x16\x03\x01\0\0', 32]] as const) {
      const after = (count: number): Buffer => Buffer.concat([latin1(before.repeat(count)), hello('sni=a.com')]);
      const read = (bytes: Buffer): unknown => new ClientHelloReader(1024).read(bytes, bytes.length);
      expect(read(after(most))).toMatchObject({ serverName: 'a.com' });
      expect(read(after(most + 1))).toMatchObject({ alert: 10 });
    }
  });
});

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

test.each<[string, string, object | undefined]>([
  ['plain HTTP', 'GET / HTTP/1.1', { reason: 'HTTP_REQUEST', alert: 0 }],
  ['a request to a proxy', 'CONNECT a:1', { reason: 'HTTPS_PROXY_REQUEST', alert: 0 }],
  ['another protocol', 'SSH-2.0-x', { reason: 'WRONG_VERSION_NUMBER', alert: 70 }],
  ['a record that is too long', '\x16\x03\x01\xff\xff', { reason: 'ENCRYPTED_LENGTH_TOO_LONG', alert: 22 }],
  ['application data', '\x17\x03\x03\0\x01x', { reason: 'UNEXPECTED_RECORD', alert: 10 }],
  ['application data that has not all come', '\x17\x03\x03\0\x02x', undefined],
  ['another handshake message', '\x16\x03\x01\0\x04\x0e\0\0\0', { reason: 'UNEXPECTED_MESSAGE', alert: 10 }],
  ['another handshake message that has not all come', '\x16\x03\x01\0\x04\x0e\0\0\x01', undefined],
  ['a message that is too long', '\x16\x03\x01\0\x04\x01\0\x40\x01', { reason: 'EXCESSIVE_MESSAGE_SIZE', alert: 47 }],
  ['a message that is too long in two records', '\x16\x03\x01\0\x01\x01\x16\x03\x01\0\x03\0\x40\x01', { reason: 'EXCESSIVE_MESSAGE_SIZE', alert: 47 }],
  ['a fatal alert', '\x15\x03\x01\0\x02\x02\x28', { reason: 'SSLV3_ALERT_HANDSHAKE_FAILURE', alert: 0 }],
  ['a farewell', '\x15\x03\x01\0\x02\x01\0', { reason: undefined, alert: 0 }],
  ['a warning', '\x15\x03\x01\0\x02\x01\x5a', undefined],
  ['an alert without content', '\x15\x03\x01\0\0', { reason: 'BAD_ALERT', alert: 50 }],
  ['an alert of no level', '\x15\x03\x01\0\x02\x07\x28', { reason: 'UNKNOWN_ALERT_TYPE', alert: 47 }],
  ['half of an alert', '\x15\x03\x01\0\x02', undefined],
  ['half of a record header', 'GET ', undefined],
  ['a long message in half a record', '\x16\x03\x01\0\x05\x01\xff\xff\xff', undefined],
  ['the largest message', '\x16\x03\x01\0\x04\x01\0\x40\0', undefined],
  ['half of a hello of SSL 2', '\x80\x2e\x01\x03\x01', undefined],
  ['a hello of SSL 2 that is too short', '\x80\x02\x01\x03\x01', { reason: 'RECORD_LENGTH_MISMATCH', alert: 0 }],
  ['a hello of SSL 2 that is too long', '\x90\x01\x01\x03\x01', { reason: 'RECORD_TOO_LARGE', alert: 0 }],
  ['a hello of SSL 2 that lies', '\x80\x03\x01\x03\x01', { reason: 'DECODE_ERROR', alert: 0 }],
])('the first bytes are judged as BoringSSL judges %s', (_what, text, fault) => {
  const bytes = latin1(text);
  const found = new ClientHelloReader(1024).read(bytes, bytes.length);
  expect(typeof found === 'object' && 'alert' in found ? { reason: found.reason?.name, alert: found.alert } : found).toEqual(fault);
});

test('what the first bytes are does not depend on how they come', () => {
  const start = fc.constantFrom('', 'GET /', '\x80\x0c\x01\x03\x01\0\x03', '\x15\x03\x01\0\x02', '\x16\x03\x01\0\x05', '\x16\x03\x01\0\0', '\x16\x03\x01\0\x04\x01\0\0\x04\x16\x03\x01\0\x04');
  fc.assert(
    fc.property(fc.array(start, { maxLength: 3 }), fc.uint8Array({ maxLength: 40 }), (first, more) => {
      const bytes = Buffer.concat([latin1(first.join('')), more]);
      const reader = new ClientHelloReader(1024);
      let inPieces: unknown;
      for (let length = 1; inPieces === undefined && length <= bytes.length; length++) inPieces = reader.read(bytes, length);
      expect(inPieces).toEqual(new ClientHelloReader(1024).read(bytes, bytes.length));
    }),
  );
});
