import { describe, expect, it } from 'vitest';
import { proxyProtocolHeader } from '../../src/http/proxy-protocol.ts';
import { ipAddress } from '../../src/transport/address.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const PIPE = { kind: 'pipe', host: '/run/a.sock', port: 0, text: '/run/a.sock' } as const;

describe('the PROXY protocol header', () => {
  it('is a line in version 1', () => {
    const header = (source: string, destination: string): string => proxyProtocolHeader('v1', ipAddress(source, 1000), ipAddress(destination, 80)).toString();
    expect(header('10.0.0.1', '10.0.0.2')).toBe('PROXY TCP4 10.0.0.1 10.0.0.2 1000 80\r\n');
    expect(header('2001:db8::1', '::1')).toBe('PROXY TCP6 2001:db8::1 ::1 1000 80\r\n');
    expect(proxyProtocolHeader('v1', PIPE, PIPE).toString()).toBe('PROXY UNKNOWN\r\n');
  });

  it('is binary in version 2', () => {
    const header = (source: string, destination: string): string => proxyProtocolHeader('v2', ipAddress(source, 1000), ipAddress(destination, 80)).toString('hex');
    expect(header('10.0.0.1', '10.0.0.2')).toBe(`${SIGNATURE}2111000c0a0000010a00000203e80050`);
    expect(header('2001:db8::1', '::ffff:1.2.3.4')).toBe(
      `${SIGNATURE}2121002420010db8000000000000000000000001${'0'.repeat(20)}ffff0102030403e80050`,
    );
    expect(proxyProtocolHeader('v2', PIPE, PIPE).toString('hex')).toBe(`${SIGNATURE}20000000`);
  });

  it('ends with its TLVs in version 2', () => {
    const tlvs = [{ type: 0xe0, value: Buffer.from('ab') }, { type: 0x04, value: Buffer.alloc(256) }];
    const header = proxyProtocolHeader('v2', ipAddress('10.0.0.1', 1), ipAddress('10.0.0.2', 2), tlvs).toString('hex');
    expect(header).toBe(`${SIGNATURE}211101140a0000010a00000200010002e000026162040100${'00'.repeat(256)}`);
  });
});
