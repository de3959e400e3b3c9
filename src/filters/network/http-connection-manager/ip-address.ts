import { isIP } from 'node:net';
import { ipAddressBytes, ipText } from '../../../http/format/address-mask.ts';
import type { Address } from '../../../transport/transport.ts';

/** Where a zone has a name, the address is one of a link (RFC 4007 §6). */
const ZONED = /^fe[89ab][0-9a-f]:|%\d+$/i;

/**
 * An entry of X-Forwarded-For: an IP literal and nothing else, as Envoy takes it. One of IPv6 stays one, also when it is mapped from IPv4: ranges of
 * IPv4 addresses do not hold it. Port 0.
 */
export function forwardedIp(text: string): Address | undefined {
  const version = isIP(text);
  if (version === 0) return undefined;
  if (version === 4) return { kind: 'ip', host: text, port: 0, text: `${text}:0` };
  const zoneAt = text.indexOf('%');
  if (zoneAt !== -1 && !ZONED.test(text)) return undefined;
  const host = ipText(ipAddressBytes(text)!) + (zoneAt === -1 ? '' : text.substring(zoneAt));
  return { kind: 'ip', host, port: 0, text: `[${host}]:0` };
}
