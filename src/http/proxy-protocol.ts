import { isIPv6 } from 'node:net';
import type { ProxyProtocolTlv } from '../transport/transport-socket.ts';
import type { Address } from '../transport/transport.ts';

const NO_TLVS: readonly ProxyProtocolTlv[] = [];

/** What a connection says of the client it is opened for (HAProxy's PROXY protocol). `tlvs`: in version 2, as many as fit. */
export function proxyProtocolHeader(version: 'v1' | 'v2', source: Address, destination: Address, tlvs: readonly ProxyProtocolTlv[] = NO_TLVS): Buffer {
  return version === 'v1' ? Buffer.from(textHeader(source, destination), 'latin1') : binaryHeader(source, destination, tlvs);
}

function textHeader(source: Address, destination: Address): string {
  if (source.kind !== 'ip' || destination.kind !== 'ip') return 'PROXY UNKNOWN\r\n';
  const [from, to, family] = hosts(source, destination);
  return `PROXY TCP${family} ${from} ${to} ${source.port} ${destination.port}\r\n`;
}

/** Both of one family: an IPv4 host beside an IPv6 one is mapped. */
function hosts(source: Address, destination: Address): [string, string, 4 | 6] {
  const sixth = [isIPv6(source.host), isIPv6(destination.host)];
  if (!sixth.includes(true)) return [source.host, destination.host, 4];
  return [sixth[0] ? source.host : `::ffff:${source.host}`, sixth[1] ? destination.host : `::ffff:${destination.host}`, 6];
}

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const LOCAL = 0x20;
const PROXIED = 0x21;
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;

/** Of a connection that is the proxy's own, in version 2. */
export const LOCAL_HEADER = Buffer.concat([SIGNATURE, Buffer.from([LOCAL, 0, 0, 0])]);

const TLV_HEAD_BYTES = 3;
/** A header's length has 16 bits, and the addresses of the longest family stand before. */
const MAX_TLV_BYTES = 0xffff - 36;

/** Without those that would make the header too long: `tlvs` itself where all fit. */
export function fittingTlvs(tlvs: readonly ProxyProtocolTlv[]): readonly ProxyProtocolTlv[] {
  if (tlvLength(tlvs) <= MAX_TLV_BYTES) return tlvs;
  let left = MAX_TLV_BYTES;
  return tlvs.filter(({ value }) => {
    const fits = TLV_HEAD_BYTES + value.length <= left;
    if (fits) left -= TLV_HEAD_BYTES + value.length;
    return fits;
  });
}

function tlvLength(tlvs: readonly ProxyProtocolTlv[]): number {
  return tlvs.reduce((sum, { value }) => sum + TLV_HEAD_BYTES + value.length, 0);
}

function binaryHeader(source: Address, destination: Address, tlvs: readonly ProxyProtocolTlv[]): Buffer {
  if (source.kind !== 'ip' || destination.kind !== 'ip') return LOCAL_HEADER;
  const [from, to, version] = hosts(source, destination);
  const family = version === 6 ? TCP_OVER_IPV6 : TCP_OVER_IPV4;
  const addresses = [...ipBytes(from), ...ipBytes(to), source.port >> 8, source.port & 0xff, destination.port >> 8, destination.port & 0xff];
  const length = addresses.length + tlvLength(tlvs);
  const parts = tlvs.flatMap(({ type, value }) => [Buffer.from([type, value.length >> 8, value.length & 0xff]), value]);
  return Buffer.concat([SIGNATURE, Buffer.from([PROXIED, family, length >> 8, length & 0xff, ...addresses]), ...parts]);
}

function ipBytes(host: string): number[] {
  return isIPv6(host) ? ipv6Bytes(host) : host.split('.').map(Number);
}

/** `::` stands for as many zeros as are missing; the last four bytes may be written as IPv4. */
function ipv6Bytes(host: string): number[] {
  const [head, tail] = host.split('%')[0]!.split('::').map((part) => (part === '' ? [] : part.split(':').flatMap(groupBytes)));
  if (tail === undefined) return head!;
  return [...head!, ...new Array<number>(16 - head!.length - tail.length).fill(0), ...tail];
}

function groupBytes(group: string): number[] {
  if (group.includes('.')) return group.split('.').map(Number);
  const value = Number.parseInt(group, 16);
  return [value >> 8, value & 0xff];
}
