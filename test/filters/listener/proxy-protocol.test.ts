import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ABSENT, PARTIAL, type ProxyHeaderResult, type ProxyHeaderRules, readProxyHeader } from '../../../src/filters/listener/proxy-protocol/header.ts';
import { proxyProtocolHeader } from '../../../src/http/proxy-protocol.ts';
import { ipAddressBytes } from '../../../src/http/format/address-mask.ts';
import { ipAddress } from '../../../src/transport/address.ts';

/** Of a host: neither of all nor of many. */
const isOfHost = (host: string): boolean => {
  const first = ipAddressBytes(host)![0]!;
  return host !== '0.0.0.0' && host !== '255.255.255.255' && first >> 4 !== 0xe;
};
const address = fc.tuple(fc.ipV4().filter(isOfHost), fc.nat(65_535)).map(([host, port]) => ipAddress(host, port));
const REQUIRED: ProxyHeaderRules = { disallowed: new Set(), allowsAbsence: false };
const OPTIONAL: ProxyHeaderRules = { disallowed: new Set(), allowsAbsence: true };

const read = (text: string, rules = REQUIRED): ProxyHeaderResult => {
  const bytes = Buffer.from(text, 'latin1');
  return readProxyHeader(bytes, bytes.length, rules);
};

describe('a PROXY header', () => {
  it('is read as it was written, and leaves what follows', () => {
    fc.assert(
      fc.property(fc.constantFrom('v1' as const, 'v2' as const), address, address, fc.uint8Array({ maxLength: 40 }), (version, source, destination, rest) => {
        const header = proxyProtocolHeader(version, source, destination);
        const bytes = Buffer.concat([header, rest]);
        expect(readProxyHeader(bytes, bytes.length, REQUIRED)).toMatchObject({ length: header.length, addresses: { source, destination } });
      }),
    );
  });

  it('waits for the rest while it may still become one', () => {
    fc.assert(
      fc.property(fc.constantFrom('v1' as const, 'v2' as const), address, address, fc.nat(), (version, source, destination, cut) => {
        const header = proxyProtocolHeader(version, source, destination);
        const length = 1 + (cut % (header.length - 1));
        expect(readProxyHeader(header, length, REQUIRED)).toBe(PARTIAL);
      }),
    );
  });

  it('never throws, and never claims more bytes than there are', () => {
    const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
    const start = fc.constantFrom(Buffer.alloc(0), Buffer.from('PROXY '), Buffer.from('PROXY TCP4 '), signature, Buffer.concat([signature, Buffer.from([0x21, 0x11, 0])]));
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 300 }), (head, tail) => {
        const bytes = Buffer.concat([head, tail]);
        const result = readProxyHeader(bytes, bytes.length, REQUIRED);
        if (typeof result === 'object' && 'length' in result) expect(result.length).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });

  it('is absent where something else begins and none need be there', () => {
    expect(read('GET / HTTP/1.1\r\n', OPTIONAL)).toBe(ABSENT);
    expect(read('GET / HTTP/1.1\r\n')).toMatchObject({ version: undefined });
    expect(read('PROX', { disallowed: new Set([1]), allowsAbsence: true })).toBe(ABSENT);
  });

  it('has no more than 108 bytes when it is a line, also where none need be there', () => {
    for (const rules of [REQUIRED, OPTIONAL]) {
      expect(read(`PROXY UNKNOWN ${'a'.repeat(92)}\r\n`, rules)).toMatchObject({ length: 108 });
      expect(read(`PROXY UNKNOWN ${'a'.repeat(93)}\r\n`, rules)).toMatchObject({ version: 1, reason: 'the line is too long' });
      expect(read(`PROXY UNKNOWN ${'a'.repeat(94)}`, rules)).toBe(PARTIAL);
      expect(read(`PROXY UNKNOWN ${'a'.repeat(95)}`, rules)).toMatchObject({ version: undefined, reason: 'the line does not end' });
    }
  });

  it('names addresses that hosts have', () => {
    for (const source of ['0.0.0.0', '255.255.255.255', '224.0.0.1']) expect(read(`PROXY TCP4 ${source} 1.2.3.4 1 2\r\n`)).toMatchObject({ version: 1, reason: 'an address that no host has' });
    for (const destination of ['::', 'ff02::1']) expect(read(`PROXY TCP6 ::1 ${destination} 1 2\r\n`)).toMatchObject({ version: 1, reason: 'an address that no host has' });
    expect(read('PROXY TCP6 ::ffff:1.2.3.4 2001:DB8:0:0::1 1 2\r\n')).toMatchObject({ addresses: { source: { text: '[::ffff:1.2.3.4]:1' }, destination: { text: '[2001:db8::1]:2' } } });
  });

  it('of a version that is not wanted is not judged further', () => {
    const rules = { disallowed: new Set([2 as const]), allowsAbsence: false };
    expect(read('\r\n\r\n\0\r\nQUIT\n\x99\x99\0\0', rules)).toMatchObject({ version: 2, isDisallowed: true });
    expect(read('\r\n\r\n\0\r\nQUIT\n\x99\x99\0\0')).toMatchObject({ version: 2, isDisallowed: false });
  });

  it('is taken or refused whatever the pieces are in which it comes', () => {
    const versions = fc.subarray([1, 2] as const, { maxLength: 1 });
    const start = fc.constantFrom('PROXY UNKNOWN', 'PROXY TCP4 1.2.3.4 5.6.7.8 1 2', 'PROXY TCP4 0.0.0.0 5.6.7.8 1 2', 'PROXY', '\r\n', '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c', '\r\n\r\n\0\r\nQUIT\n\x20', 'GET ');
    const rest = fc.array(fc.constantFrom('a', ' ', '\r\n', '\n', '\0', 'a'.repeat(60), 'a'.repeat(110)), { maxLength: 5 });
    fc.assert(
      fc.property(start, rest, versions, fc.boolean(), (head, tail, disallowed, allowsAbsence) => {
        const bytes = Buffer.from(head + tail.join(''), 'latin1');
        const rules = { disallowed: new Set(disallowed), allowsAbsence };
        let inPieces: ProxyHeaderResult = PARTIAL;
        for (let length = 1; inPieces === PARTIAL && length <= bytes.length; length++) inPieces = readProxyHeader(bytes, length, rules);
        expect(fateOf(inPieces)).toBe(fateOf(readProxyHeader(bytes, bytes.length, rules)));
      }),
    );
  });
});

const fateOf = (result: ProxyHeaderResult): string => (typeof result === 'string' || 'length' in result ? JSON.stringify(result) : 'refused');
