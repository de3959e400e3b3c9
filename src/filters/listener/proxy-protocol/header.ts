import { isIPv4, isIPv6 } from 'node:net';
import { ipAddress } from '../../../transport/address.ts';
import type { ProxyProtocolTlv } from '../../../transport/transport-socket.ts';
import type { Address } from '../../../transport/transport.ts';

/** What a PROXY header says. */
export interface ProxyHeader {
  readonly version: 1 | 2;
  /** Bytes of the header. */
  readonly length: number;
  /** Undefined: the connection is the proxy's own (`LOCAL`, `UNKNOWN`). */
  readonly addresses: { readonly source: Address; readonly destination: Address } | undefined;
  readonly tlvs: readonly ProxyProtocolTlv[];
}

/** A header of this version that cannot be right. */
export interface ProxyHeaderFault {
  readonly version: 1 | 2;
  readonly reason: string;
}

/** No header begins here. */
export const ABSENT = 'absent';
/** What is here may be the start of a header. */
export const PARTIAL = 'partial';

const V1_START = 'PROXY ';
const V1_MAX_BYTES = 108;
const V2_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
export const V2_HEADER_BYTES = 16;

export type ProxyHeaderResult = ProxyHeader | ProxyHeaderFault | typeof ABSENT | typeof PARTIAL;

/** Reads the header at the start of `bytes[0, length)`. */
export function readProxyHeader(bytes: Buffer, length: number): ProxyHeaderResult {
  const compared = Math.min(length, V2_SIGNATURE.length);
  if (bytes.compare(V2_SIGNATURE, 0, compared, 0, compared) === 0) return length < V2_HEADER_BYTES ? PARTIAL : readBinary(bytes, length);
  const start = bytes.toString('latin1', 0, Math.min(length, V1_START.length));
  if (!V1_START.startsWith(start)) return ABSENT;
  return start.length < V1_START.length ? PARTIAL : readText(bytes, length);
}

function readText(bytes: Buffer, length: number): ProxyHeaderResult {
  const text = bytes.toString('latin1', 0, Math.min(length, 2 * V1_MAX_BYTES));
  const end = text.indexOf('\r\n');
  if (end < 0) return length < V1_MAX_BYTES ? PARTIAL : ABSENT;
  if (end >= V1_MAX_BYTES) return { version: 1, reason: 'the line is too long' };
  const parts = text.substring(0, end).split(' ');
  const header = { version: 1, length: end + 2, tlvs: [] } as const;
  if (parts[1] === 'UNKNOWN') return { ...header, addresses: undefined };
  const isFamily = parts[1] === 'TCP4' ? isIPv4 : isIPv6;
  if ((parts[1] !== 'TCP4' && parts[1] !== 'TCP6') || parts.length !== 6) return { version: 1, reason: 'not a PROXY line' };
  const [, , sourceHost, destinationHost, sourcePort, destinationPort] = parts as [string, string, string, string, string, string];
  const ports = [sourcePort, destinationPort].map((port) => (/^\d{1,5}$/.test(port) && Number(port) <= 65_535 ? Number(port) : -1));
  if (!isFamily(sourceHost) || !isFamily(destinationHost) || ports.includes(-1)) return { version: 1, reason: 'malformed address' };
  return { ...header, addresses: { source: ipAddress(sourceHost, ports[0]!), destination: ipAddress(destinationHost, ports[1]!) } };
}

const COMMAND_LOCAL = 0;
const COMMAND_PROXY = 1;
/** The upper half of the byte that names the addresses; which transport they belong to does not matter. */
const IPV4 = 1;
const IPV6 = 2;

function readBinary(bytes: Buffer, length: number): ProxyHeaderResult {
  const versionAndCommand = bytes[12]!;
  const family = bytes[13]! >> 4;
  const rest = bytes.readUInt16BE(14);
  const fault = (reason: string): ProxyHeaderFault => ({ version: 2, reason });
  if (versionAndCommand >> 4 !== 2) return fault('unsupported version');
  const command = versionAndCommand & 0xf;
  if (command !== COMMAND_LOCAL && command !== COMMAND_PROXY) return fault('unsupported command');
  const addressBytes = command === COMMAND_LOCAL ? 0 : addressLength(family);
  if (addressBytes < 0) return fault('unsupported address family or transport');
  if (rest < addressBytes) return fault('the length is too small for the addresses');
  const whole = V2_HEADER_BYTES + rest;
  if (length < whole) return PARTIAL;
  if (command === COMMAND_LOCAL) return { version: 2, length: whole, addresses: undefined, tlvs: [] };
  const tlvs = readTlvs(bytes.subarray(V2_HEADER_BYTES + addressBytes, whole));
  if (tlvs === undefined) return fault('the TLVs do not fill their length');
  return { version: 2, length: whole, addresses: readAddresses(bytes.subarray(V2_HEADER_BYTES), family), tlvs };
}

function addressLength(family: number): number {
  if (family === IPV4) return 12;
  return family === IPV6 ? 36 : -1;
}

function readAddresses(bytes: Buffer, family: number): ProxyHeader['addresses'] {
  const size = family === IPV4 ? 4 : 16;
  const host = (at: number): string => hostText(bytes.subarray(at, at + size));
  return { source: ipAddress(host(0), bytes.readUInt16BE(size * 2)), destination: ipAddress(host(size), bytes.readUInt16BE(size * 2 + 2)) };
}

function hostText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  // The form with the longest run of zeros left out is the URL parser's.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

function readTlvs(bytes: Buffer): ProxyProtocolTlv[] | undefined {
  const tlvs: ProxyProtocolTlv[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < 3) return undefined;
    const size = bytes.readUInt16BE(at + 1);
    const end = at + 3 + size;
    if (end > bytes.length) return undefined;
    tlvs.push({ type: bytes[at]!, value: Buffer.from(bytes.subarray(at + 3, end)) });
    at = end;
  }
  return tlvs;
}
