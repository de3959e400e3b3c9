import { createHash } from 'node:crypto';
import { Cursor } from '../../../transport/client-hello.ts';

/** What fingerprints are made of; numbers are IANA's, those that stand for nothing (GREASE, RFC 8701) left out but where it says otherwise. */
export interface HelloParts {
  readonly legacyVersion: number;
  readonly ciphers: readonly number[];
  /** In the order of the message. */
  readonly extensions: readonly { readonly type: number; readonly data: Buffer }[];
}

const SERVER_NAME = 0;
const GROUPS = 10;
const POINT_FORMATS = 11;
const SIGNATURE_ALGORITHMS = 13;
const ALPN = 16;
const SUPPORTED_VERSIONS = 43;

/** `body`: of a ClientHello that has been found whole, without its header. */
export function helloParts(body: Buffer): HelloParts {
  const cursor = new Cursor(body);
  const legacyVersion = cursor.uint16();
  cursor.skip(32);
  cursor.skip(cursor.uint8());
  const ciphers = numbersOf(cursor.bytes(cursor.uint16())).filter(isMeant);
  cursor.skip(cursor.uint8());
  const extensions: { type: number; data: Buffer }[] = [];
  const list = cursor.left === 0 ? cursor : cursor.slice(cursor.uint16());
  while (list.left > 0) {
    const type = list.uint16();
    const data = list.bytes(list.uint16());
    if (isMeant(type)) extensions.push({ type, data });
  }
  return { legacyVersion, ciphers, extensions };
}

/** Version, ciphers, extensions, groups and point formats. As Envoy's, its groups are told with GREASE. */
export function ja3Of(hello: HelloParts): string {
  const { legacyVersion, ciphers, extensions } = hello;
  const groups = numbersOf(listIn(hello, GROUPS, 2));
  const points = [...listIn(hello, POINT_FORMATS, 1)];
  const text = [[legacyVersion], ciphers, extensions.map(({ type }) => type), groups, points].map((each) => each.join('-')).join(',');
  return createHash('md5').update(text).digest('hex');
}

/** What anybody can read, then ciphers and extensions in the order of their numbers, the latter with the signature algorithms in theirs. */
export function ja4Of(hello: HelloParts): string {
  const { ciphers, extensions } = hello;
  const types = extensions.map(({ type }) => type);
  const named = types.includes(SERVER_NAME) ? 'd' : 'i';
  const readable = `t${versionOf(hello)}${named}${countText(ciphers)}${countText(types)}${protocolEnds(listIn(hello, ALPN, 2))}`;
  const others = types.filter((type) => type !== SERVER_NAME && type !== ALPN);
  const algorithms = numbersOf(listIn(hello, SIGNATURE_ALGORITHMS, 2)).map(hex);
  const tail = algorithms.length === 0 ? '' : `_${algorithms.join(',')}`;
  return [readable, digest(sorted(ciphers)), others.length === 0 ? NO_DIGEST : digest(`${sorted(others)}${tail}`)].join('_');
}

const NO_DIGEST = '000000000000';
const VERSIONS: Readonly<Record<number, string>> = { 0x0301: '10', 0x0302: '11', 0x0303: '12', 0x0304: '13' };
const NO_VERSION = '00';

function versionOf(hello: HelloParts): string {
  const offered = hello.extensions.find(({ type }) => type === SUPPORTED_VERSIONS)?.data;
  if (offered !== undefined && (offered.length === 0 || offered[0]! > offered.length - 1)) return NO_VERSION;
  const versions = offered === undefined ? [] : numbersOf(offered.subarray(1, 1 + offered[0]!)).filter(isMeant);
  return VERSIONS[versions.length === 0 ? hello.legacyVersion : Math.max(...versions)] ?? NO_VERSION;
}

/** What stands behind the length of a list, however long that says it is. */
function listIn({ extensions }: HelloParts, wanted: number, lengthBytes: number): Buffer {
  return extensions.find(({ type }) => type === wanted)?.data.subarray(lengthBytes) ?? NOTHING;
}

const NOTHING = Buffer.alloc(0);

function numbersOf(bytes: Buffer): number[] {
  return Array.from({ length: bytes.length >> 1 }, (_, index) => bytes.readUInt16BE(index * 2));
}

/** GREASE: both bytes are alike and end in A. */
function isMeant(value: number): boolean {
  return (value & 0x0f0f) !== 0x0a0a || value >> 8 !== (value & 0xff);
}

const hex = (value: number): string => value.toString(16).padStart(4, '0');
const countText = (list: readonly number[]): string => String(Math.min(list.length, 99)).padStart(2, '0');
const sorted = (numbers: readonly number[]): string => numbers.map(hex).sort().join(',');
const digest = (text: string): string => (text === '' ? NO_DIGEST : createHash('sha256').update(text).digest('hex').slice(0, NO_DIGEST.length));

/** The first and the last letter of the first protocol, or of its bytes in hexadecimal. */
function protocolEnds(list: Buffer): string {
  const first = list.subarray(1, 1 + (list[0] ?? 0));
  if (first.length === 0) return '00';
  const protocol = first.toString('latin1');
  const text = /^[0-9A-Za-z](?:.*[0-9A-Za-z])?$/s.test(protocol) ? protocol : first.toString('hex');
  return text[0]! + text.at(-1)!;
}
