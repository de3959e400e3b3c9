import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { helloParts, ja3Of, ja4Of } from '../../../src/filters/listener/tls-inspector/fingerprint.ts';

type Extension = readonly [type: number, data: readonly number[]];

const two = (value: number): number[] => [value >> 8, value & 255];

function bodyOf({ version = 0x0303, ciphers = [0x1301], extensions = [] }: { version?: number; ciphers?: readonly number[]; extensions?: readonly Extension[] }): Buffer {
  const list = extensions.flatMap(([type, data]) => [...two(type), ...two(data.length), ...data]);
  return Buffer.from([...two(version), ...Array<number>(32).fill(7), 0, ...two(ciphers.length * 2), ...ciphers.flatMap(two), 1, 0, ...two(list.length), ...list]);
}

const GREASE = 0x4a4a;
const NAME: Extension = [0, [0, 4, 0, 0, 1, 97]];
const GROUPS: Extension = [10, [0, 6, ...two(GREASE), 0, 29, 0, 23]];
const ALGORITHMS: Extension = [13, [0, 4, 8, 4, 4, 3]];
const VERSIONS: Extension = [43, [6, ...two(GREASE), 3, 4, 3, 3]];
const alpn = (...names: string[]): Extension => {
  const list = names.flatMap((name) => [name.length, ...Buffer.from(name, 'latin1')]);
  return [16, [...two(list.length), ...list]];
};
const ja4 = (parts: Parameters<typeof bodyOf>[0]): string => ja4Of(helloParts(bodyOf(parts)));

/** Values as Envoy 1.40 gave them. */
describe('a fingerprint of a ClientHello', () => {
  it('JA3 hashes its parts in their order, GREASE left out but of the groups', () => {
    const parts = { ciphers: [GREASE, 0xc02b, 0xc02f, 0xff], extensions: [[GREASE, []], NAME, [10, [0, 4, 0, 29, 0, 23]], [11, [3, 0, 1, 2]], [13, [0, 4, 4, 3, 4, 1]]] as Extension[] };
    expect(ja3Of(helloParts(bodyOf(parts)))).toBe('c396ace91d5f170fef6f8c68922fcacd');
    expect(ja3Of(helloParts(bodyOf({ ciphers: [GREASE], extensions: [[GREASE, []], NAME, [10, [0, 2, 10, 10]]] })))).toBe('dee2af3c4c35bfde01f2b3104be97124');
  });

  it('JA4 does not change with the order of ciphers and extensions, but with that of signature algorithms', () => {
    const forth = ja4({ ciphers: [0x1301, 0x1302], extensions: [NAME, GROUPS, ALGORITHMS, VERSIONS] });
    expect(ja4({ ciphers: [0x1302, 0x1301], extensions: [VERSIONS, ALGORITHMS, NAME, GROUPS] })).toBe(forth);
    expect(ja4({ ciphers: [0x1301, 0x1302], extensions: [NAME, GROUPS, [13, [0, 4, 4, 3, 8, 4]], VERSIONS] })).not.toBe(forth);
  });

  it('JA4 begins with what can be read: version, name, numbers of ciphers and extensions, protocol', () => {
    const start = (parts: Parameters<typeof bodyOf>[0]): string => ja4(parts).split('_')[0]!;
    expect(start({ ciphers: [GREASE, 0x1301], extensions: [[GREASE, []], NAME, VERSIONS, alpn('h2', 'http/1.1')] })).toBe('t13d0103h2');
    expect(start({ version: 0x0302, extensions: [] })).toBe('t11i010000');
    expect(start({ ciphers: Array.from({ length: 120 }, (_, index) => 0x100 + index) })).toBe('t12i990000');
    expect(['x', '\xabc\xcd', '-x-', 'http/1.1'].map((name) => start({ extensions: [alpn(name)] }).slice(-2))).toEqual(['xx', 'ad', '2d', 'h1']);
    expect(start({ extensions: [[43, [8, 3, 4]]] })).toBe('t00i010100');
  });

  it('JA4 has zeros for what is not there', () => {
    expect(ja4({ ciphers: [GREASE], extensions: [NAME] })).toBe('t12d000100_000000000000_000000000000');
  });

  it('is taken of whatever extensions hold', () => {
    const extension = fc.tuple(fc.constantFrom(0, 10, 11, 13, 16, 43), fc.array(fc.nat(255), { maxLength: 12 }));
    fc.assert(
      fc.property(fc.uniqueArray(extension, { selector: ([type]) => type }), (extensions) => {
        const parts = helloParts(bodyOf({ extensions }));
        expect(ja3Of(parts)).toMatch(/^[0-9a-f]{32}$/);
        expect(ja4Of(parts)).toMatch(/^t(?:00|1[0-3])[di]01\d\d[0-9A-Za-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}$/);
      }),
    );
  });
});
