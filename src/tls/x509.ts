/** What Node does not tell of a certificate, or not in a form that can be trusted: names as they stand in its DER (RFC 5280). */

import { BOOLEAN, children, type Element, type Extension, oidText, readElement, readExtensions } from './der.ts';

export interface SubjectAltName {
  readonly kind: 'dns' | 'uri' | 'email' | 'ip' | 'other';
  /** Bytes as latin1 text; an address in its usual notation. */
  readonly value: string;
  /** Of `other`. */
  readonly oid: string;
}

const SUBJECT_ALT_NAME = '2.5.29.17';
const BASIC_CONSTRAINTS = '2.5.29.19';
export const KEY_USAGE = '2.5.29.15';
/** keyCertSign and cRLSign, behind the byte that tells how many bits are unused. */
const SIGNS_OTHERS = 0x06;
const COMMON_NAME = '2.5.4.3';
const BMP_STRING = 0x1e;
const TELETEX_STRING = 0x14;

/** OpenSSL's short names, which RFC 2253 uses where it has none. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN', '2.5.4.4': 'SN', '2.5.4.5': 'serialNumber', '2.5.4.6': 'C', '2.5.4.7': 'L', '2.5.4.8': 'ST', '2.5.4.9': 'street', '2.5.4.10': 'O', '2.5.4.11': 'OU',
  '2.5.4.12': 'title', '2.5.4.17': 'postalCode', '2.5.4.42': 'GN', '2.5.4.43': 'initials', '2.5.4.46': 'dnQualifier', '1.2.840.113549.1.9.1': 'emailAddress',
  '0.9.2342.19200300.100.1.25': 'DC', '0.9.2342.19200300.100.1.1': 'UID',
};

/** None when the extension is broken, as when there is none. */
export function subjectAltNames(der: Buffer): readonly SubjectAltName[] {
  try {
    const value = extensionValue(der, SUBJECT_ALT_NAME);
    if (value === undefined) return [];
    const list = readElement(der, value.start, value.end);
    return children(der, list).flatMap((name) => generalName(der, name));
  } catch {
    return [];
  }
}

/** The subject, or the issuer, as RFC 2253 writes it. */
export function nameText(der: Buffer, which: 'subject' | 'issuer'): string {
  try {
    const name = certificateFields(der)[which === 'issuer' ? 2 : 4]!;
    return children(der, name)
      .map((set) => children(der, set).map((pair) => attributeText(der, pair)).join('+'))
      .reverse()
      .join(',');
  } catch {
    return '';
  }
}

export function commonNameOf(der: Buffer): string | undefined {
  try {
    for (const set of children(der, certificateFields(der)[4]!)) {
      for (const pair of children(der, set)) {
        const [type, value] = children(der, pair) as [Element, Element];
        if (oidText(der, type) === COMMON_NAME) return stringBytes(der, value).toString('latin1');
      }
    }
  } catch {}
  return undefined;
}

/** The object identifier of the key's kind; '' when it cannot be read. */
export function publicKeyAlgorithm(der: Buffer): string {
  try {
    const [algorithm] = children(der, certificateFields(der)[5]!);
    return oidText(der, children(der, algorithm!)[0]!);
  } catch {
    return '';
  }
}

/** The object identifiers of the extensions. */
export function extensionIds(der: Buffer): readonly string[] {
  try {
    return extensions(der).map(({ id }) => id);
  } catch {
    return [];
  }
}

/** What cannot be read may: a certificate is an authority's, or its key may sign certificates or lists, which without the extension any may (RFC 5280 §4.2.1). */
export function maySignOthers(der: Buffer): boolean {
  try {
    const constraints = extensionValue(der, BASIC_CONSTRAINTS);
    if (constraints !== undefined && children(der, readElement(der, constraints.start, constraints.end))[0]?.tag === BOOLEAN) return true;
    const usage = extensionValue(der, KEY_USAGE);
    if (usage === undefined) return true;
    const bits = readElement(der, usage.start, usage.end);
    return (der.subarray(bits.start, bits.end)[1]! & SIGNS_OTHERS) !== 0;
  } catch {
    return true;
  }
}

function generalName(der: Buffer, name: Element): SubjectAltName[] {
  const bytes = der.subarray(name.start, name.end);
  switch (name.tag) {
    case 0x81:
      return [{ kind: 'email', value: bytes.toString('latin1'), oid: '' }];
    case 0x82:
      return [{ kind: 'dns', value: bytes.toString('latin1'), oid: '' }];
    case 0x86:
      return [{ kind: 'uri', value: bytes.toString('latin1'), oid: '' }];
    case 0x87:
      return bytes.length === 4 || bytes.length === 16 ? [{ kind: 'ip', value: ipText(bytes), oid: '' }] : [];
    case 0xa0: {
      const [id, wrapped] = children(der, name);
      if (id === undefined || wrapped === undefined) return [];
      const value = readElement(der, wrapped.start, wrapped.end);
      return [{ kind: 'other', value: stringBytes(der, value).toString('latin1'), oid: oidText(der, id) }];
    }
    default:
      return [];
  }
}

function ipText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** Escapes as RFC 2253 §2.4 says, and bytes outside of ASCII. */
function attributeText(der: Buffer, pair: Element): string {
  const [type, value] = children(der, pair) as [Element, Element];
  const oid = oidText(der, type);
  const bytes = stringBytes(der, value);
  let text = '';
  bytes.forEach((byte, index) => {
    const char = String.fromCharCode(byte);
    const edge = (index === 0 && (char === ' ' || char === '#')) || (index === bytes.length - 1 && char === ' ');
    if (byte < 0x20 || byte > 0x7e) text += `\\${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    else text += edge || ',+"\\<>;'.includes(char) ? `\\${char}` : char;
  });
  return `${SHORT_NAMES[oid] ?? oid}=${text}`;
}

/** Of a string in UTF-8, whatever it was written in. */
function stringBytes(der: Buffer, { tag, start, end }: Element): Buffer {
  const bytes = der.subarray(start, end);
  if (tag !== BMP_STRING) return tag === TELETEX_STRING ? Buffer.from(bytes.toString('latin1')) : bytes;
  return Buffer.from(Buffer.from(bytes).swap16().toString('utf16le'));
}

export function extensionValue(der: Buffer, oid: string): Element | undefined {
  return extensions(der).find(({ id }) => id === oid)?.octets;
}

function extensions(der: Buffer): Extension[] {
  const wrapped = certificateFields(der).find(({ tag }) => tag === 0xa3);
  return wrapped === undefined ? [] : readExtensions(der, readElement(der, wrapped.start, wrapped.end));
}

/** Serial, algorithm, issuer, validity, subject, key, … */
export function certificateFields(der: Buffer): Element[] {
  const certificate = readElement(der, 0, der.length);
  const fields = children(der, readElement(der, certificate.start, certificate.end));
  // The version stands in front, but for certificates of version 1.
  return fields[0]?.tag === 0xa0 ? fields.slice(1) : fields;
}
