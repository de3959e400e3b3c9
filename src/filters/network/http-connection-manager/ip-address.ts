import { isIP } from 'node:net';
import { ipAddress } from '../../../transport/address.ts';
import type { Address } from '../../../transport/transport.ts';

/** An entry of X-Forwarded-For: an IP literal and nothing else, as Envoy takes it. Port 0. */
export function forwardedIp(text: string): Address | undefined {
  return isIP(text) === 0 ? undefined : ipAddress(text, 0);
}
