import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ABSENT, PARTIAL, readProxyHeader } from '../../../src/filters/listener/proxy-protocol/header.ts';
import { proxyProtocolHeader } from '../../../src/http/proxy-protocol.ts';
import { ipAddress } from '../../../src/transport/address.ts';

const address = fc.tuple(fc.ipV4(), fc.nat(65_535)).map(([host, port]) => ipAddress(host, port));

describe('a PROXY header', () => {
  it('is read as it was written, and leaves what follows', () => {
    fc.assert(
      fc.property(fc.constantFrom('v1' as const, 'v2' as const), address, address, fc.uint8Array({ maxLength: 40 }), (version, source, destination, rest) => {
        const header = proxyProtocolHeader(version, source, destination);
        const bytes = Buffer.concat([header, rest]);
        const read = readProxyHeader(bytes, bytes.length);
        expect(read).toMatchObject({ length: header.length, addresses: { source, destination } });
      }),
    );
  });

  it('waits for the rest while it may still become one', () => {
    fc.assert(
      fc.property(fc.constantFrom('v1' as const, 'v2' as const), address, address, fc.nat(), (version, source, destination, cut) => {
        const header = proxyProtocolHeader(version, source, destination);
        const length = 1 + (cut % (header.length - 1));
        expect(readProxyHeader(header, length)).toBe(PARTIAL);
      }),
    );
  });

  it('never throws, and never claims more bytes than there are', () => {
    const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
    const start = fc.constantFrom(Buffer.alloc(0), Buffer.from('PROXY '), Buffer.from('PROXY TCP4 '), signature, Buffer.concat([signature, Buffer.from([0x21, 0x11, 0])]));
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 300 }), (head, tail) => {
        const bytes = Buffer.concat([head, tail]);
        const read = readProxyHeader(bytes, bytes.length);
        if (typeof read === 'object' && 'length' in read) expect(read.length).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });

  it('is absent where something else begins', () => {
    expect(readProxyHeader(Buffer.from('GET / HTTP/1.1\r\n'), 16)).toBe(ABSENT);
  });
});
