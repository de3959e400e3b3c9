import type { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';
import { ipLiteral } from '../../../http/ip-literal.ts';
import type { Address } from '../../../transport/transport.ts';

/** X-Forwarded-For as a list. */
export function appendForwardedFor(headers: HeaderMap, xff: string | undefined, address: string): void {
  headers.set(H.xForwardedFor, xff === undefined || xff === '' ? address : `${xff},${address}`);
}

/** The peer's address; the machine's own for a peer on the loopback, as Envoy does. */
export function forwardedAddress({ host }: Address, localAddress: string): string {
  return host.startsWith('127.') || host === '::1' ? localAddress : host;
}

/** The address `fromEnd` places before the last of an X-Forwarded-For list. */
export function addressFromEnd(xff: string | undefined, fromEnd: number): Address | undefined {
  if (xff === undefined || xff === '') return undefined;
  let end = xff.length;
  for (let skipped = 0; skipped < fromEnd; skipped++) {
    end = xff.lastIndexOf(',', end - 1);
    if (end <= 0) return undefined;
  }
  const start = xff.lastIndexOf(',', end - 1) + 1;
  return ipLiteral(xff.substring(start, end).trim(), 0);
}
