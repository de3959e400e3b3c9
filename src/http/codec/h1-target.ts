import type { HeaderMap } from '../header-map.ts';
import type { RequestError } from './codec.ts';

const INVALID_URL: RequestError = { status: 400, details: 'http1.invalid_url' };
const ABSOLUTE = /^(https?):\/\/([^/?#]*)(.*)$/i;

/**
 * Turns the request target into path, authority and scheme (RFC 9112 §3.2). Origin form and asterisk stay as they are;
 * absolute form overrides Host; authority form is for CONNECT.
 */
export function parseTarget(headers: HeaderMap): RequestError | undefined {
  const target = headers.path;
  const first = target.charCodeAt(0);
  if (first === 0x2f && headers.method !== 'CONNECT') return undefined;
  if (target === '*' && headers.method === 'OPTIONS') return undefined;
  if (headers.method === 'CONNECT') {
    headers.authority = target;
    headers.path = '';
    return undefined;
  }
  const absolute = ABSOLUTE.exec(target);
  if (absolute === null || absolute[2] === '' || absolute[2]!.includes('@')) return INVALID_URL;
  headers.scheme = absolute[1]!.toLowerCase();
  headers.authority = absolute[2]!;
  const rest = absolute[3]!;
  headers.path = rest.startsWith('/') ? rest : `/${rest}`;
  return undefined;
}
