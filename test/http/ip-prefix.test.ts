import { describe, expect, it } from 'vitest';
import { type IpPrefix, IpPrefixMap, IpPrefixSet, isLoopback, isSameIpOrLoopback } from '../../src/http/ip-prefix.ts';
import { ipAddress, pipeAddress } from '../../src/transport/address.ts';

const prefix = (bytes: readonly number[], bits: number): IpPrefix => ({ bytes: Uint8Array.from(bytes), bits, text: '' });
const address = (host: string) => ipAddress(host, 80);

describe('networks', () => {
  it('yield the value of the longest that holds an address', () => {
    const map = new IpPrefixMap<string>();
    map.set(prefix([10, 0, 0, 0], 8), 'wide');
    map.set(prefix([10, 1, 0, 0], 16), 'narrow');
    map.set(prefix([10, 1, 2, 0], 23), 'odd');
    const find = (...bytes: number[]): string | undefined => map.find(Uint8Array.from(bytes));
    expect([find(10, 2, 0, 1), find(10, 1, 9, 1), find(10, 1, 3, 1), find(10, 1, 4, 1), find(11, 0, 0, 1)]).toEqual(['wide', 'narrow', 'odd', 'narrow', undefined]);
  });

  it('of no bits hold every address of their family', () => {
    const set = new IpPrefixSet([prefix([0, 0, 0, 0], 0)]);
    expect([address('1.2.3.4'), address('::1'), pipeAddress('/a')].map((one) => set.has(one))).toEqual([true, false, false]);
  });
});

describe('a connection', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['126.0.0.1', false],
    ['::1', true],
    ['::2', false],
    ['1::1', false],
  ])('from %s is from the loopback: %s', (host, is) => {
    expect(isLoopback(address(host))).toBe(is);
  });

  it('is from this machine when it comes from the address that it came to', () => {
    expect(isSameIpOrLoopback(address('10.0.0.1'), address('10.0.0.1'))).toBe(true);
    expect(isSameIpOrLoopback(address('10.0.0.1'), address('10.0.0.2'))).toBe(false);
    expect(isSameIpOrLoopback(pipeAddress('/a'), address('10.0.0.2'))).toBe(true);
  });
});
