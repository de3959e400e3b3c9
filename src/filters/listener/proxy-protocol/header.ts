import { isIPv4, isIPv6 } from 'node:net';
import { ipText } from '../../../http/format/address-mask.ts';
import { ipLiteral } from '../../../http/ip-literal.ts';
import { addressBytes } from '../../../http/ip-prefix.ts';
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

/** Why what is here is not served. */
export interface ProxyHeaderFault {
  /** Undefined: not even the start of a header. */
  readonly version: 1 | 2 | undefined;
  readonly reason: string;
  /** There is a header, whatever it says, of a version that is not wanted. */
  readonly isDisallowed: boolean;
}

/** What a listener takes. */
export interface ProxyHeaderRules {
  readonly disallowed: ReadonlySet<1 | 2>;
  /** Who does not begin with a header of a version that is wanted is served as he is. */
  readonly allowsAbsence: boolean;
}

/** No header begins here, and none need to. */
export const ABSENT = 'absent';
/** What is here may be the start of a header. */
export const PARTIAL = 'partial';

const V1_START = Buffer.from('PROXY ', 'latin1');
const V1_MAX_BYTES = 108;
const V2_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const V2_HEADER_BYTES = 16;
/** The end of a line is looked for in as much as Envoy reads before it has found a header: one of version 2 with the addresses of Unix sockets. */
const SEARCHED_BYTES = V2_HEADER_BYTES + 216;

export type ProxyHeaderResult = ProxyHeader | ProxyHeaderFault | typeof ABSENT | typeof PARTIAL;

/**
 * Reads the header at the start of `bytes[0, length)`. Whether a connection is served does not depend on how its bytes were cut; which version a fault
 * is counted for does, as it does in Envoy.
 */
export function readProxyHeader(bytes: Buffer, length: number, { disallowed, allowsAbsence }: ProxyHeaderRules): ProxyHeaderResult {
  const mayBeText = startsLike(bytes, length, V1_START);
  const mayBeBinary = startsLike(bytes, length, V2_SIGNATURE);
  if (allowsAbsence && !(mayBeText && !disallowed.has(1)) && !(mayBeBinary && !disallowed.has(2))) return ABSENT;
  if (length < V2_HEADER_BYTES || !mayBeBinary) return readText(bytes, length, mayBeText, disallowed);
  return disallowed.has(2) ? disallowedFault(2) : readBinary(bytes, length);
}

function startsLike(bytes: Buffer, length: number, start: Buffer): boolean {
  const compared = Math.min(length, start.length);
  return bytes.compare(start, 0, compared, 0, compared) === 0;
}

function fault(version: 1 | 2 | undefined, reason: string): ProxyHeaderFault {
  return { version, reason, isDisallowed: false };
}

function disallowedFault(version: 1 | 2): ProxyHeaderFault {
  return { version, reason: `version ${version} is not allowed`, isDisallowed: true };
}

/** As Envoy, which takes what is shorter than a header of version 2 for a line, and judges it when that ends. */
function readText(bytes: Buffer, length: number, mayBeText: boolean, disallowed: ReadonlySet<1 | 2>): ProxyHeaderResult {
  if (length >= V2_HEADER_BYTES && !mayBeText) return fault(undefined, 'there is none');
  const text = bytes.toString('latin1', 0, Math.min(length, SEARCHED_BYTES));
  const lineEnd = text.indexOf('\r\n');
  // An empty line may be the start of a signature.
  if (lineEnd < 1) return length > V1_MAX_BYTES ? fault(undefined, 'the line does not end') : PARTIAL;
  if (lineEnd + 2 > V1_MAX_BYTES) return fault(1, 'the line is too long');
  return disallowed.has(1) ? disallowedFault(1) : readLine(text.substring(0, lineEnd), lineEnd + 2);
}

const BLANKS_AT_END = /[\t-\r ]+$/;

function readLine(line: string, length: number): ProxyHeaderResult {
  const parts = line.replace(BLANKS_AT_END, '').split(' ');
  if (parts[0] !== 'PROXY') return fault(1, 'there is none');
  const header = { version: 1, length, tlvs: [] } as const;
  if (parts[1] === 'UNKNOWN') return { ...header, addresses: undefined };
  if ((parts[1] !== 'TCP4' && parts[1] !== 'TCP6') || parts.length !== 6) return fault(1, 'not a PROXY line');
  const [, family, sourceHost, destinationHost, sourcePort, destinationPort] = parts as [string, 'TCP4' | 'TCP6', string, string, string, string];
  const source = lineAddress(family, sourceHost, sourcePort);
  const destination = lineAddress(family, destinationHost, destinationPort);
  if (source === undefined || destination === undefined) return fault(1, 'malformed address');
  return withAddresses(header, source, destination);
}

/** What Envoy takes for a number. */
const PORT = /^[\t-\r ]*\+?\d+[\t-\r ]*$/;

function lineAddress(family: 'TCP4' | 'TCP6', host: string, port: string): Address | undefined {
  const isFamily = family === 'TCP4' ? isIPv4(host) : isIPv6(host);
  return isFamily && PORT.test(port) && Number(port) <= 65_535 ? ipLiteral(host, Number(port)) : undefined;
}

/** Both are of somebody: TCP knows no multicast. */
function withAddresses(header: Omit<ProxyHeader, 'addresses'>, source: Address, destination: Address): ProxyHeaderResult {
  if (!isUnicast(source) || !isUnicast(destination)) return fault(header.version, 'an address that no host has');
  return { ...header, addresses: { source, destination } };
}

function isUnicast(address: Address): boolean {
  const bytes = addressBytes(address)!;
  if (bytes.every((byte) => byte === 0)) return false;
  return bytes.length === 4 ? bytes[0]! >> 4 !== 0xe && !bytes.every((byte) => byte === 0xff) : bytes[0] !== 0xff;
}

const COMMAND_LOCAL = 0;
const COMMAND_PROXY = 1;
/** The upper half of the byte that names the addresses; the lower one names what goes between them. */
const IPV4 = 1;
const IPV6 = 2;
const STREAM = 1;
const DATAGRAM = 2;

function readBinary(bytes: Buffer, length: number): ProxyHeaderResult {
  const versionAndCommand = bytes[12]!;
  const family = bytes[13]! >> 4;
  const transport = bytes[13]! & 0xf;
  const rest = bytes.readUInt16BE(14);
  if (versionAndCommand >> 4 !== 2) return fault(2, 'unsupported version');
  const command = versionAndCommand & 0xf;
  const addressBytes = command === COMMAND_LOCAL ? 0 : addressLength(family);
  if (addressBytes < 0) return fault(2, 'unsupported address family');
  if (rest < addressBytes) return fault(2, 'the length is too small for the addresses');
  if (length < V2_HEADER_BYTES + addressBytes) return PARTIAL;
  if (command !== COMMAND_LOCAL && command !== COMMAND_PROXY) return fault(2, 'unsupported command');
  if (command === COMMAND_PROXY && transport !== STREAM && transport !== DATAGRAM) return fault(2, 'unsupported transport');
  const whole = V2_HEADER_BYTES + rest;
  if (length < whole) return PARTIAL;
  if (command === COMMAND_LOCAL) return { version: 2, length: whole, addresses: undefined, tlvs: [] };
  const tlvs = readTlvs(bytes.subarray(V2_HEADER_BYTES + addressBytes, whole));
  if (tlvs === undefined) return fault(2, 'the TLVs do not fill their length');
  const addresses = bytes.subarray(V2_HEADER_BYTES);
  const size = family === IPV4 ? 4 : 16;
  return withAddresses({ version: 2, length: whole, tlvs }, binaryAddress(addresses, 0, size), binaryAddress(addresses, 1, size));
}

/** The hosts stand before the ports. */
function binaryAddress(bytes: Buffer, place: 0 | 1, size: 4 | 16): Address {
  return ipLiteral(ipText(bytes.subarray(place * size, (place + 1) * size)), bytes.readUInt16BE(2 * size + 2 * place))!;
}

function addressLength(family: number): number {
  if (family === IPV4) return 12;
  return family === IPV6 ? 36 : -1;
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
