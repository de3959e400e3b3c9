/**
 * What Node tells only inside an SSL_SESSION as OpenSSL writes it: SEQUENCE { version, protocol, cipher, session id, …, [19] group }.
 */

const SEQUENCE = 0x30;
const OCTET_STRING = 0x04;
const GROUP = 0xb3;
/** Before it stand the version of the structure, the protocol and the cipher. */
const SESSION_ID_INDEX = 3;

/** IANA's numbers of the groups that `ecdh_curves` can name, in BoringSSL's words. */
const GROUPS: Readonly<Record<number, string>> = { 23: 'P-256', 24: 'P-384', 25: 'P-521', 29: 'X25519', 4588: 'X25519MLKEM768' };

/** In hexadecimal; '' when there is none. */
export function sessionId(session: Buffer | undefined): string {
  if (session === undefined || session[0] !== SEQUENCE) return '';
  let at = contentOf(session, 0);
  for (let index = 0; index < SESSION_ID_INDEX && at + 1 < session.length; index++) at = endOf(session, at);
  return session[at] === OCTET_STRING ? session.toString('hex', contentOf(session, at), endOf(session, at)) : '';
}

/** The group of the key exchange; '' when it is not known. */
export function sessionGroup(session: Buffer | undefined): string {
  if (session === undefined || session[0] !== SEQUENCE) return '';
  for (let at = contentOf(session, 0); at + 1 < session.length; at = endOf(session, at)) {
    if (session[at] === GROUP) return groupName(session, contentOf(session, at), endOf(session, at));
  }
  return '';
}

/** It is an INTEGER inside. */
function groupName(session: Buffer, start: number, end: number): string {
  const size = end - start - 2;
  return size > 0 && size <= 4 ? (GROUPS[session.readUIntBE(start + 2, size)] ?? '') : '';
}

function contentOf(bytes: Buffer, at: number): number {
  const first = bytes[at + 1] ?? 0;
  return at + 2 + (first < 0x80 ? 0 : first & 0x7f);
}

function endOf(bytes: Buffer, at: number): number {
  return Math.min(bytes.length, contentOf(bytes, at) + lengthAt(bytes, at));
}

function lengthAt(bytes: Buffer, at: number): number {
  const first = bytes[at + 1] ?? 0;
  const size = first & 0x7f;
  return first < 0x80 ? first : size === 0 || size > 4 || at + 2 + size > bytes.length ? bytes.length : bytes.readUIntBE(at + 2, size);
}
