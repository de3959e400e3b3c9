import type { Address } from './transport.ts';

const MAPPED_IPV4_PREFIX = '::ffff:';

/** `host` is an IP literal without brackets. An IPv4 address in IPv6 clothes (`::ffff:1.2.3.4`) becomes plain. */
export function ipAddress(host: string, port: number): Address {
  if (!host.includes(':')) return { kind: 'ip', host, port, text: `${host}:${port}` };
  if (host.startsWith(MAPPED_IPV4_PREFIX) && host.includes('.')) return ipAddress(host.slice(MAPPED_IPV4_PREFIX.length), port);
  return { kind: 'ip', host, port, text: `[${host}]:${port}` };
}

/** `path` names a Unix socket; an abstract name starts with `@`. */
export function pipeAddress(path: string): Address {
  return { kind: 'pipe', host: path, port: 0, text: path };
}

/** What a socket answers whose address cannot be asked for any more. */
export const unknownAddress: Address = { kind: 'ip', host: '', port: 0, text: '' };

/** The path as the system wants it: the name of an abstract socket starts with a zero byte. */
export function systemPath(address: Address): string {
  return isAbstract(address) ? `\0${address.host.slice(1)}` : address.host;
}

export function isAbstract(address: Address): boolean {
  return address.kind === 'pipe' && address.host.startsWith('@');
}

/** Whether sockets accepted here may have different local addresses. */
export function isWildcard(address: Address): boolean {
  return address.kind === 'ip' && (address.host === '0.0.0.0' || address.host === '::');
}
