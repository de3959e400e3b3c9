import { isIPv6 } from 'node:net';
import type { Address } from '../transport/transport.ts';

/** What a connection says of the client it is opened for (HAProxy's PROXY protocol). */
export function proxyProtocolHeader(version: 'v1' | 'v2', source: Address, destination: Address): Buffer {
  return version === 'v1' ? Buffer.from(textHeader(source, destination), 'latin1') : binaryHeader(source, destination);
}

function textHeader(source: Address, destination: Address): string {
  if (source.kind !== 'ip' || destination.kind !== 'ip') return 'PROXY UNKNOWN\r\n';
  const family = isIPv6(source.host) ? 'TCP6' : 'TCP4';
  return `PROXY ${family} ${source.host} ${destination.host} ${source.port} ${destination.port}\r\n`;
}

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const LOCAL = 0x20;
const PROXIED = 0x21;
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;

function binaryHeader(source: Address, destination: Address): Buffer {
  if (source.kind !== 'ip' || destination.kind !== 'ip') return Buffer.concat([SIGNATURE, Buffer.from([LOCAL, 0, 0, 0])]);
  const family = isIPv6(source.host) ? TCP_OVER_IPV6 : TCP_OVER_IPV4;
  const addresses = [...ipBytes(source.host), ...ipBytes(destination.host), source.port >> 8, source.port & 0xff, destination.port >> 8, destination.port & 0xff];
  return Buffer.concat([SIGNATURE, Buffer.from([PROXIED, family, 0, addresses.length, ...addresses])]);
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
