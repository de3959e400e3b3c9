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

export interface SessionFacts {
  /** In hexadecimal; '' when there is none. */
  readonly id: string;
  /** The group of the key exchange; '' when it is not known. */
  readonly group: string;
}

export function sessionFacts(session: Buffer | undefined): SessionFacts {
  if (session === undefined || session[0] !== SEQUENCE) return { id: '', group: '' };
  const fields = fieldsOf(session);
  const id = fields[SESSION_ID_INDEX];
  const group = fields.find(({ tag }) => tag === GROUP);
  return { id: id?.tag === OCTET_STRING ? session.toString('hex', id.start, id.end) : '', group: group === undefined ? '' : groupName(session, group) };
}

/** It is an INTEGER inside. */
function groupName(session: Buffer, { start, end }: Field): string {
  const size = end - start - 2;
  return size > 0 && size <= 4 ? (GROUPS[session.readUIntBE(start + 2, size)] ?? '') : '';
}

interface Field {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

function fieldsOf(session: Buffer): Field[] {
  const fields: Field[] = [];
  for (let at = contentOf(session, 0); at + 1 < session.length; ) {
    const start = contentOf(session, at);
    const end = Math.min(session.length, start + lengthAt(session, at));
    fields.push({ tag: session[at]!, start, end });
    at = end;
  }
  return fields;
}

function lengthAt(bytes: Buffer, at: number): number {
  const first = bytes[at + 1] ?? 0;
  const size = first & 0x7f;
  return first < 0x80 ? first : size === 0 || size > 4 || at + 2 + size > bytes.length ? bytes.length : bytes.readUIntBE(at + 2, size);
}

function contentOf(bytes: Buffer, at: number): number {
  const first = bytes[at + 1] ?? 0;
  return at + 2 + (first < 0x80 ? 0 : first & 0x7f);
}
