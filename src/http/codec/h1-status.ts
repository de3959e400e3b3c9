import { STATUS_CODES } from 'node:http';

/** Where Envoy's table differs from Node's: '' = it has no name for the code. */
const ENVOY_DIFFERS: Readonly<Record<number, string>> = { 418: '', 451: '', 509: '', 599: 'Last Unassigned Server Error Code' };

/** The reason phrase that Envoy writes; `Unknown` for codes it has no name for. */
export function reasonPhrase(status: number): string {
  return (ENVOY_DIFFERS[status] ?? STATUS_CODES[status]) || 'Unknown';
}

const lines: string[] = [];
for (let status = 100; status < 1000; status++) lines[status] = `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`;

/** `HTTP/1.1 200 OK\r\n`. */
export function statusLine(status: number, minorVersion: number): string {
  const line = lines[status] ?? `HTTP/1.1 ${status} Unknown\r\n`;
  return minorVersion === 1 ? line : line.replace('HTTP/1.1', 'HTTP/1.0');
}

/** Statuses whose responses have no body and no framing fields (RFC 9110 §6.4.1). */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 304 || status < 200;
}
