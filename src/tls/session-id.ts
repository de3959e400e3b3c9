/** The session id inside an SSL_SESSION as OpenSSL writes it: SEQUENCE { version, protocol, cipher, session id, … }, in hexadecimal. */
export function sessionIdOf(serialised: Buffer | undefined): string {
  if (serialised === undefined || serialised[0] !== 0x30) return '';
  let at = headerEnd(serialised, 0);
  for (let skipped = 0; skipped < 3 && at < serialised.length; skipped++) at = headerEnd(serialised, at) + lengthAt(serialised, at);
  if (serialised[at] !== 0x04) return '';
  const start = headerEnd(serialised, at);
  return serialised.toString('hex', start, start + lengthAt(serialised, at));
}

function lengthAt(bytes: Buffer, at: number): number {
  const first = bytes[at + 1] ?? 0;
  const size = first & 0x7f;
  return first < 0x80 ? first : size > 4 || at + 2 + size > bytes.length ? bytes.length : bytes.readUIntBE(at + 2, size);
}

function headerEnd(bytes: Buffer, at: number): number {
  const first = bytes[at + 1] ?? 0;
  return at + 2 + (first < 0x80 ? 0 : first & 0x7f);
}
