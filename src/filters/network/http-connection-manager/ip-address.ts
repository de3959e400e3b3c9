import { isIP } from 'node:net';
import type { Address } from '../../../transport/transport.ts';

/** An IP literal, with or without a port (`1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]:80`), as an address; port 0 when absent. */
export function parseIpAddress(text: string): Address | undefined {
  if (isIP(text) !== 0) return ipAddress(text, 0);
  const colon = text.lastIndexOf(':');
  if (colon === -1) return undefined;
  const port = Number(text.substring(colon + 1));
  if (!Number.isInteger(port) || port < 0 || port > 65_535) return undefined;
  let host = text.substring(0, colon);
  if (host.startsWith('[') && host.endsWith(']')) host = host.slice(1, -1);
  return isIP(host) === 0 ? undefined : ipAddress(host, port);
}

function ipAddress(host: string, port: number): Address {
  return { kind: 'ip', host, port, text: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}` };
}
