/**
 * Revocation lists (RFC 5280 §5) for `only_verify_leaf_cert_crl`: OpenSSL, as Node sets it up, asks for a list for every certificate of a chain. They are
 * judged in the order in which BoringSSL does, and what it leaves to others (other encodings of a name, old digests) is refused.
 */

import { verify, type X509Certificate } from 'node:crypto';
import { children, type Element, type Extension, oidText, readElement, readExtensions } from './der.ts';
import { certificateFields, extensionValue, KEY_USAGE } from './x509.ts';

/** One that can be read; whether it says anything of a certificate is judged for each. */
export interface RevocationList {
  /** A name in DER. */
  readonly issuer: Buffer;
  readonly signed: Buffer;
  readonly signature: Buffer;
  /** '' when two are named. */
  readonly algorithm: string;
  readonly thisUpdateMs: number;
  /** Infinity when the list does not say. */
  readonly nextUpdateMs: number;
  /** Serial numbers as they stand in DER. */
  readonly revoked: ReadonlySet<string>;
  readonly authorityKeyId: Buffer | undefined;
  readonly hasUnknownCritical: boolean;
  readonly scope: Scope | undefined;
}

/** The issuing distribution point. */
interface Scope {
  /** Undefined: any. Each in DER. */
  readonly names: readonly Buffer[] | undefined;
  readonly onlyUsers: boolean;
  readonly onlyAuthorities: boolean;
  /** Of some reasons alone, of other issuers, or not to be understood. */
  readonly isUnusable: boolean;
}

const SUBJECT_KEY_ID = '2.5.29.14';
const ISSUING_DISTRIBUTION_POINT = '2.5.29.28';
const DISTRIBUTION_POINTS = '2.5.29.31';
const AUTHORITY_KEY_ID = '2.5.29.35';
const KNOWN: ReadonlySet<string> = new Set([AUTHORITY_KEY_ID, ISSUING_DISTRIBUTION_POINT]);
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
/** In the byte behind the one that tells how many bits are unused. */
const SIGNS_LISTS = 0x02;

/** What signs lists, by the identifier of the algorithm: the kind of key, and the digest. */
const ALGORITHMS: Readonly<Record<string, readonly [kind: string, digest: string | null]>> = {
  '1.2.840.10045.4.3.2': ['ec', 'sha256'],
  '1.2.840.10045.4.3.3': ['ec', 'sha384'],
  '1.2.840.10045.4.3.4': ['ec', 'sha512'],
  '1.2.840.113549.1.1.11': ['rsa', 'sha256'],
  '1.2.840.113549.1.1.12': ['rsa', 'sha384'],
  '1.2.840.113549.1.1.13': ['rsa', 'sha512'],
  '1.3.101.112': ['ed25519', null],
};

/** Undefined when one of them cannot be read, or there is none. */
export function parseRevocationLists(pem: string): readonly RevocationList[] | undefined {
  const found = [...pem.matchAll(/-----BEGIN X509 CRL-----([^-]*)-----END X509 CRL-----/g)];
  try {
    return found.length === 0 ? undefined : found.map(([, base64]) => parseList(Buffer.from(base64!, 'base64')));
  } catch {
    return undefined;
  }
}

function parseList(der: Buffer): RevocationList {
  const list = readElement(der, 0, der.length);
  const [signed, algorithm, signature, more] = children(der, list);
  const isList = list.tag === SEQUENCE && list.end === der.length && algorithm?.tag === SEQUENCE && signature?.tag === BIT_STRING && der[signature.start] === 0 && more === undefined;
  if (!isList) throw new RangeError('not a list');
  const [inner, issuer, thisUpdate, ...rest] = children(der, signed!).filter(({ tag }, index) => index > 0 || tag !== INTEGER);
  const nextUpdate = rest[0]?.tag === UTC_TIME || rest[0]?.tag === GENERALIZED_TIME ? rest.shift() : undefined;
  const entries = rest[0]?.tag === SEQUENCE ? children(der, rest.shift()!).map((entry) => children(der, entry)) : [];
  const wrapped = rest.find(({ tag }) => tag === 0xa0);
  const extensions = wrapped === undefined ? [] : readExtensions(der, readElement(der, wrapped.start, wrapped.end));
  const point = valueOf(der, extensions, ISSUING_DISTRIBUTION_POINT);
  const authority = valueOf(der, extensions, AUTHORITY_KEY_ID);
  return {
    issuer: bytesOf(der, issuer!),
    signed: der.subarray(signed!.at, signed!.end),
    signature: der.subarray(signature!.start + 1, signature!.end),
    algorithm: bytesOf(der, inner!).equals(bytesOf(der, algorithm!)) ? oidText(der, children(der, algorithm!)[0]!) : '',
    thisUpdateMs: timeOf(der, thisUpdate!),
    nextUpdateMs: nextUpdate === undefined ? Infinity : timeOf(der, nextUpdate),
    revoked: new Set(entries.map(([serial]) => textOf(der, serial!))),
    authorityKeyId: authority && contextValue(der, authority, 0x80),
    hasUnknownCritical: extensions.some(({ id, isCritical }) => isCritical && !KNOWN.has(id)) || entries.some((entry) => hasCritical(der, entry)),
    scope: point && parseScope(der, point),
  };
}

function bytesOf(der: Buffer, { start, end }: Element): Buffer {
  return der.subarray(start, end);
}

function textOf(der: Buffer, { start, end }: Element): string {
  return der.toString('latin1', start, end);
}

function valueOf(der: Buffer, extensions: readonly Extension[], id: string): Element | undefined {
  const octets = extensions.find((each) => each.id === id)?.octets;
  return octets && readElement(der, octets.start, octets.end);
}

function contextValue(der: Buffer, parent: Element, tag: number): Buffer | undefined {
  const found = children(der, parent).find((child) => child.tag === tag);
  return found && bytesOf(der, found);
}

/** Extensions stand behind serial number and date. */
function hasCritical(der: Buffer, entry: readonly Element[]): boolean {
  return entry[2] !== undefined && readExtensions(der, entry[2]).some(({ isCritical }) => isCritical);
}

function parseScope(der: Buffer, point: Element): Scope {
  const parts = children(der, point);
  const isSet = (tag: number): boolean => parts.some((part) => part.tag === tag && der[part.start] !== 0);
  const name = parts.find(({ tag }) => tag === 0xa0);
  const names = name && fullNames(der, name);
  return {
    names,
    onlyUsers: isSet(0x81),
    onlyAuthorities: isSet(0x82),
    isUnusable: isSet(0x84) || parts.some(({ tag }) => tag === 0x83) || (name !== undefined && names === undefined),
  };
}

/** Undefined for a name that is relative to the issuer's. */
function fullNames(der: Buffer, pointName: Element): readonly Buffer[] | undefined {
  const full = children(der, pointName).find(({ tag }) => tag === 0xa0);
  return full && children(der, full).map(({ at, end }) => der.subarray(at, end));
}

/** NaN, which is never in order, for what is no time of RFC 5280 §5.1.2.4. */
function timeOf(der: Buffer, time: Element): number {
  const match = /^(\d\d)?(\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])([0-5]\d)([0-5]\d)Z$/.exec(textOf(der, time));
  if (match === null || (match[1] === undefined) !== (time.tag === UTC_TIME)) return NaN;
  const [year, month, day, hour, minute, second] = match.slice(2).map(Number) as [number, number, number, number, number, number];
  const century = match[1] === undefined ? (year < 50 ? 20 : 19) : Number(match[1]);
  return Date.UTC(century * 100 + year, month - 1, day, hour, minute, second);
}

/** Why the lists do not speak for a certificate, as OpenSSL calls it. `issuer`: who has signed it; undefined when nobody is known who has. */
export function revocationFault(lists: readonly RevocationList[], leaf: X509Certificate, issuer: X509Certificate | undefined, nowMs: number): string | undefined {
  try {
    const list = bestOf(lists, leaf, issuer, nowMs);
    if (list === undefined) return 'UNABLE_TO_GET_CRL';
    if (issuer === undefined) return 'UNABLE_TO_GET_CRL_ISSUER';
    if (!maySignLists(issuer.raw)) return 'KEYUSAGE_NO_CRL_SIGN';
    if (!concerns(list, leaf)) return 'DIFFERENT_CRL_SCOPE';
    if (!(list.thisUpdateMs <= nowMs)) return 'CRL_NOT_YET_VALID';
    if (!(list.nextUpdateMs > nowMs)) return 'CRL_HAS_EXPIRED';
    if (!isSignedBy(list, issuer)) return 'CRL_SIGNATURE_FAILURE';
    if (list.hasUnknownCritical) return 'UNHANDLED_CRITICAL_CRL_EXTENSION';
    return list.revoked.has(textOf(leaf.raw, certificateFields(leaf.raw)[0]!)) ? 'CERT_REVOKED' : undefined;
  } catch {
    // A certificate that cannot be read.
    return 'UNABLE_TO_GET_CRL';
  }
}

/** Of the issuer's lists the one that has most for it; of equals the newest. */
function bestOf(lists: readonly RevocationList[], leaf: X509Certificate, issuer: X509Certificate | undefined, nowMs: number): RevocationList | undefined {
  const name = bytesOf(leaf.raw, certificateFields(leaf.raw)[2]!);
  let best: RevocationList | undefined;
  let bestScore = -1;
  for (const list of lists) {
    if (list.scope?.isUnusable === true || !list.issuer.equals(name) || !isOfKey(list, issuer)) continue;
    const score = (list.hasUnknownCritical ? 0 : 4) + (concerns(list, leaf) ? 2 : 0) + (list.thisUpdateMs <= nowMs && list.nextUpdateMs > nowMs ? 1 : 0);
    if (score < bestScore || (score === bestScore && !(list.thisUpdateMs > best!.thisUpdateMs))) continue;
    best = list;
    bestScore = score;
  }
  return best;
}

/** An authority that has changed its key has a list for each. */
function isOfKey({ authorityKeyId }: RevocationList, issuer: X509Certificate | undefined): boolean {
  const octets = issuer && extensionValue(issuer.raw, SUBJECT_KEY_ID);
  if (authorityKeyId === undefined || octets === undefined) return true;
  return bytesOf(issuer!.raw, readElement(issuer!.raw, octets.start, octets.end)).equals(authorityKeyId);
}

function concerns({ scope }: RevocationList, leaf: X509Certificate): boolean {
  if (scope === undefined) return true;
  if (leaf.ca ? scope.onlyUsers : scope.onlyAuthorities) return false;
  return scope.names === undefined || pointsTo(leaf.raw, scope.names);
}

/** Whether a distribution point that has lists for all reasons, by the issuer itself, has one of the names. */
function pointsTo(der: Buffer, names: readonly Buffer[]): boolean {
  const octets = extensionValue(der, DISTRIBUTION_POINTS);
  if (octets === undefined) return false;
  return children(der, readElement(der, octets.start, octets.end)).some((point) => {
    const parts = children(der, point);
    const [name] = parts;
    if (parts.length !== 1 || name!.tag !== 0xa0) return false;
    return fullNames(der, name!)?.some((full) => names.some((each) => each.equals(full))) === true;
  });
}

function maySignLists(der: Buffer): boolean {
  const octets = extensionValue(der, KEY_USAGE);
  if (octets === undefined) return true;
  const bits = readElement(der, octets.start, octets.end);
  return bits.end - bits.start > 1 && (der[bits.start + 1]! & SIGNS_LISTS) !== 0;
}

/** Who was found to have signed a list last: it may be long. */
const signers = new WeakMap<RevocationList, Buffer>();

function isSignedBy(list: RevocationList, { raw, publicKey }: X509Certificate): boolean {
  if (signers.get(list)?.equals(raw) === true) return true;
  const [kind, digest] = ALGORITHMS[list.algorithm] ?? [];
  if (digest === undefined || publicKey.asymmetricKeyType !== kind || !verify(digest, list.signed, publicKey, list.signature)) return false;
  signers.set(list, Buffer.from(raw));
  return true;
}
