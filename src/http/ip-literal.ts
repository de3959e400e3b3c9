import { isIP } from 'node:net';
import { ipAddressBytes, ipText } from './format/address-mask.ts';
import type { Address } from '../transport/transport.ts';

/** Where a zone has a name, the address is one of a link (RFC 4007 §6). */
const ZONED = /^fe[89ab][0-9a-f]:|%\d+$/i;

/**
 * What peers write as somebody's address (X-Forwarded-For, PROXY lines): an IP literal and nothing else, as Envoy takes it. One of IPv6 stays one, also
 * when it is mapped from IPv4: ranges of IPv4 addresses do not hold it.
 */
export function ipLiteral(text: string, port: number): Address | undefined {
  const version = isIP(text);
  if (version === 0) return undefined;
  if (version === 4) return { kind: 'ip', host: text, port, text: `${text}:${port}` };
  const zoneAt = text.indexOf('%');
  if (zoneAt !== -1 && !ZONED.test(text)) return undefined;
  const host = ipText(ipAddressBytes(text)!) + (zoneAt === -1 ? '' : text.substring(zoneAt));
  return { kind: 'ip', host, port, text: `[${host}]:${port}` };
}
