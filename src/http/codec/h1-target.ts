import type { HeaderMap } from '../header-map.ts';
import type { RequestError } from './codec.ts';

const INVALID_URL: RequestError = { status: 400, details: 'http1.invalid_url' };
const INVALID_SCHEME: RequestError = { status: 400, details: 'http1.invalid_scheme' };
const ABSOLUTE = /^(https?):\/\/(?:[^/?#@]*@)?([^/?#@]*)(.*)$/i;
const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;
const HOST_AND_PORT = /^(\[[0-9a-f:.]+\]|[^:/?#@[\]]+):\d{1,5}$/i;

/** What Envoy takes for the authority of a URL is narrower than what it takes in Host. */
const URL_AUTHORITY = /^(?:\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(\d+))?$/i;
const MAX_PORT = 65_535;
const PATH_START = /^(?:$|[/?#])/;

/** What Envoy's parser takes for a target at all. */
export function isTarget(method: string, target: string): boolean {
  const first = target.charCodeAt(0);
  return first === 0x2f || first === 0x2a || method === 'CONNECT' || SCHEME.test(target);
}

/** Authority form (RFC 9112 §3.2.3). */
export function parseConnectTarget(headers: HeaderMap): RequestError | undefined {
  if (!HOST_AND_PORT.test(headers.path)) return INVALID_URL;
  headers.authority = headers.path;
  headers.hasHost = true;
  headers.path = '';
  return undefined;
}

/**
 * Turns the request target into path, authority and scheme (RFC 9112 §3.2). Origin form and asterisk stay as they are;
 * absolute form overrides Host. A path that does not begin with a slash is the manager's to refuse.
 */
export function parseTarget(headers: HeaderMap, allowAbsoluteUrl: boolean): RequestError | undefined {
  const target = headers.path;
  if (target.charCodeAt(0) === 0x2f || (target === '*' && headers.method === 'OPTIONS') || !allowAbsoluteUrl || headers.method === 'CONNECT') return undefined;
  const absolute = ABSOLUTE.exec(target);
  if (absolute === null) return SCHEME.test(target) ? INVALID_SCHEME : INVALID_URL;
  const port = URL_AUTHORITY.exec(absolute[2]!);
  if (port === null || Number(port[1] ?? 0) > MAX_PORT || !PATH_START.test(absolute[3]!)) return INVALID_URL;
  headers.scheme = absolute[1]!.toLowerCase();
  headers.authority = absolute[2]!;
  headers.hasHost = true;
  headers.path = absolute[3] === '' ? '/' : absolute[3]!;
  return undefined;
}
