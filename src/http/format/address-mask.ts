/** The bytes of an IP literal; undefined for anything else. */
export function ipAddressBytes(host: string): Uint8Array | undefined {
  return host.includes(':') ? ipv6Bytes(host) : ipv4Bytes(host);
}

/** The network of that many leading bits: `10.1.0.0/16`, `2001:db8::/32`. */
export function maskedAddressText(bytes: Uint8Array, bits: number): string {
  const network = bytes.map((byte, at) => byte & (0xff00 >> Math.max(0, Math.min(8, bits - at * 8))));
  return `${ipText(network)}/${bits}`;
}

/** An address as systems print it (`inet_ntop`). */
export function ipText(bytes: Uint8Array): string {
  return bytes.length === 4 ? bytes.join('.') : ipv6Text(bytes);
}

function ipv4Bytes(host: string): Uint8Array | undefined {
  const parts = host.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return Uint8Array.from(parts, Number);
}

function ipv6Bytes(host: string): Uint8Array | undefined {
  const [address = ''] = host.split('%');
  const tail = address.substring(address.lastIndexOf(':') + 1);
  const v4 = tail.includes('.') ? ipv4Bytes(tail) : undefined;
  if (tail.includes('.') && v4 === undefined) return undefined;
  const groupsText = v4 === undefined ? address : `${address.substring(0, address.length - tail.length)}${((v4[0]! << 8) | v4[1]!).toString(16)}:${((v4[2]! << 8) | v4[3]!).toString(16)}`;
  const [head = '', rest, ...more] = groupsText.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = rest === undefined || rest === '' ? [] : rest.split(':');
  const missing = 8 - front.length - back.length;
  if (more.length > 0 || (rest === undefined ? missing !== 0 : missing < 1)) return undefined;
  const groups = [...front, ...Array.from({ length: missing }, () => '0'), ...back];
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return Uint8Array.from(groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
}

/** RFC 5952: lower case, the longest run of at least two zero groups as `::`; what holds an IPv4 address shows it. */
function ipv6Text(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, at) => (bytes[at * 2]! << 8) | bytes[at * 2 + 1]!);
  let start = -1;
  let length = 1;
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && groups[end] === 0) end++;
    if (end - at > length) [start, length] = [at, end - at];
  }
  if (start === 0 && (length === 6 || (length === 5 && groups[5] === 0xffff))) return `${length === 6 ? '::' : '::ffff:'}${bytes.subarray(12).join('.')}`;
  const text = (from: number, to: number): string => groups.slice(from, to).map((group) => group.toString(16)).join(':');
  return start === -1 ? text(0, 8) : `${text(0, start)}::${text(start + length, 8)}`;
}
