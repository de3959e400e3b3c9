/** Makes certificates and revocation lists for tests: X.509 (RFC 5280) in DER, as far as tests need it. */

import { createPublicKey, type KeyObject, sign } from 'node:crypto';

export type Name = readonly (readonly [attribute: keyof typeof ATTRIBUTES, value: string])[];

export interface Alternative {
  readonly kind: 'dns' | 'uri' | 'ip' | 'email' | 'upn';
  readonly value: string;
}

export interface CertificateRequest {
  readonly serial: number;
  readonly subject: Name;
  readonly key: KeyObject;
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly alternatives?: readonly Alternative[];
  readonly authority?: boolean;
  readonly usage?: readonly ('server' | 'client')[];
  /** What the key may do; absent: anything. */
  readonly keyUsage?: 'signature' | 'certificates' | 'certificates only';
  /** Where lists of what is revoked are. */
  readonly distributionPoint?: string;
  readonly subjectKeyId?: string;
}

export interface ListRequest {
  readonly serials?: readonly number[];
  readonly thisUpdate?: string;
  /** Null: the list does not say. */
  readonly nextUpdate?: string | null;
  /** The issuing distribution point: an address, or whose certificates the list is for. */
  readonly scope?: { readonly point?: string; readonly only?: 'users' | 'authorities' | 'attributes'; readonly indirect?: boolean };
  readonly authorityKeyId?: string;
  /** One that nobody knows; in the list, or in its first entry. */
  readonly critical?: 'list' | 'entry';
}

export interface Issuer {
  readonly subject: Name;
  readonly key: KeyObject;
}

const ATTRIBUTES = { C: '2.5.4.6', ST: '2.5.4.8', L: '2.5.4.7', O: '2.5.4.10', OU: '2.5.4.11', CN: '2.5.4.3', emailAddress: '1.2.840.113549.1.9.1' };
const SHA256_WITH = { ec: '1.2.840.10045.4.3.2', rsa: '1.2.840.113549.1.1.11' };
const UPN = '1.3.6.1.4.1.311.20.2.3';
/** How many bits are unused, and the bits (RFC 5280 §4.2.1.3). */
const KEY_USAGES = { signature: Buffer.from([7, 0x80]), certificates: Buffer.from([2, 0x84]), 'certificates only': Buffer.from([2, 0x04]) };
const PURPOSES = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' };

export function certificate(request: CertificateRequest, issuer: Issuer): string {
  const extensions = [
    extension('2.5.29.19', true, sequence(request.authority === true ? tlv(0x01, Buffer.from([0xff])) : Buffer.alloc(0))),
    ...(request.alternatives === undefined ? [] : [extension('2.5.29.17', false, sequence(...request.alternatives.map(generalName)))]),
    ...(request.keyUsage === undefined ? [] : [extension('2.5.29.15', true, tlv(0x03, KEY_USAGES[request.keyUsage]))]),
    ...(request.distributionPoint === undefined ? [] : [extension('2.5.29.31', false, sequence(sequence(pointName(request.distributionPoint))))]),
    ...(request.subjectKeyId === undefined ? [] : [extension('2.5.29.14', false, tlv(0x04, Buffer.from(request.subjectKeyId)))]),
    ...(request.usage === undefined ? [] : [extension('2.5.29.37', false, sequence(...request.usage.map((use) => oid(PURPOSES[use]))))]),
  ];
  const body = sequence(
    tlv(0xa0, integer(2)),
    integer(request.serial),
    algorithm(issuer.key),
    name(issuer.subject),
    sequence(time(request.notBefore ?? '2020-01-01'), time(request.notAfter ?? '2120-01-01')),
    name(request.subject),
    createPublicKey(request.key).export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...extensions)),
  );
  return pem('CERTIFICATE', signed(body, issuer.key));
}

export function revocationList({ serials = [], thisUpdate = '2021-01-01', nextUpdate = '2120-01-01', ...request }: ListRequest, issuer: Issuer): string {
  const critical = extension('1.3.6.1.4.1.99999.1', true, Buffer.from([0x05, 0]));
  const entries = serials.map((serial, index) => sequence(integer(serial), time('2021-01-01'), ...(request.critical === 'entry' && index === 0 ? [sequence(critical)] : [])));
  const extensions = [
    ...(request.authorityKeyId === undefined ? [] : [extension('2.5.29.35', false, sequence(tlv(0x80, Buffer.from(request.authorityKeyId))))]),
    ...(request.scope === undefined ? [] : [extension('2.5.29.28', true, scope(request.scope))]),
    ...(request.critical === 'list' ? [critical] : []),
  ];
  const body = sequence(
    integer(1),
    algorithm(issuer.key),
    name(issuer.subject),
    time(thisUpdate),
    ...(nextUpdate === null ? [] : [time(nextUpdate)]),
    ...(entries.length > 0 ? [sequence(...entries)] : []),
    ...(extensions.length > 0 ? [tlv(0xa0, sequence(...extensions))] : []),
  );
  return pem('X509 CRL', signed(body, issuer.key));
}

const ONLY = { users: 0x81, authorities: 0x82, attributes: 0x85 };

function scope({ point, only, indirect }: NonNullable<ListRequest['scope']>): Buffer {
  const yes = Buffer.from([0xff]);
  return sequence(...(point === undefined ? [] : [pointName(point)]), ...(only === undefined ? [] : [tlv(ONLY[only], yes)]), ...(indirect === true ? [tlv(0x84, yes)] : []));
}

function pointName(url: string): Buffer {
  return tlv(0xa0, tlv(0xa0, generalName({ kind: 'uri', value: url })));
}

function signed(body: Buffer, key: KeyObject): Buffer {
  return sequence(body, algorithm(key), bits(sign('sha256', body, key)));
}

function algorithm(key: KeyObject): Buffer {
  return key.asymmetricKeyType === 'rsa' ? sequence(oid(SHA256_WITH.rsa), tlv(0x05, Buffer.alloc(0))) : sequence(oid(SHA256_WITH.ec));
}

function name(attributes: Name): Buffer {
  return sequence(...attributes.map(([attribute, value]) => tlv(0x31, sequence(oid(ATTRIBUTES[attribute]), tlv(0x0c, Buffer.from(value))))));
}

function generalName({ kind, value }: Alternative): Buffer {
  switch (kind) {
    case 'email':
      return tlv(0x81, Buffer.from(value));
    case 'dns':
      return tlv(0x82, Buffer.from(value));
    case 'uri':
      return tlv(0x86, Buffer.from(value));
    case 'ip':
      return tlv(0x87, Buffer.from(value.split('.').map(Number)));
    case 'upn':
      return tlv(0xa0, Buffer.concat([oid(UPN), tlv(0xa0, tlv(0x0c, Buffer.from(value)))]));
  }
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [tlv(0x01, Buffer.from([0xff]))] : []), tlv(0x04, value));
}

function time(day: string): Buffer {
  const [year, month, date] = day.split('-') as [string, string, string];
  return Number(year) < 2050 ? tlv(0x17, Buffer.from(`${year.slice(2)}${month}${date}000000Z`)) : tlv(0x18, Buffer.from(`${year}${month}${date}000000Z`));
}

function integer(value: number): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return tlv(0x02, bytes[0]! >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const digits = [value & 127];
  for (let left = value >>> 7; left > 0; left >>>= 7) digits.unshift((left & 127) | 128);
  return digits;
}

function bits(value: Buffer): Buffer {
  return tlv(0x03, Buffer.concat([Buffer.from([0]), value]));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function tlv(tag: number, value: Buffer): Buffer {
  const { length } = value;
  if (length < 128) return Buffer.concat([Buffer.from([tag, length]), value]);
  const size = length < 256 ? [length] : [length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, 128 | size.length, ...size]), value]);
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g)!;
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
