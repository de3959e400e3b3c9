import type { HeaderMap } from '../header-map.ts';
import type { RequestError } from './codec.ts';

const INVALID_URL: RequestError = { status: 400, details: 'http1.invalid_url' };
const INVALID_SCHEME: RequestError = { status: 400, details: 'http1.invalid_scheme' };
const NOT_A_TARGET: RequestError = { status: 400, details: 'http1.codec_error' };
const ABSOLUTE = /^(https?):\/\/(?:[^/?#@]*@)?([^/?#@]*)(.*)$/i;
const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;
const HOST_AND_PORT = /^(\[[0-9a-f:.]+\]|[^:/?#@[\]]+):\d{1,5}$/i;

/** What Envoy takes for the authority of a URL is narrower than what it takes in Host. */
const URL_AUTHORITY = /^(?:\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(\d+))?$/i;
const MAX_PORT = 65_535;
const PATH_START = /^(?:$|[/?#])/;

/**
 * Turns the request target into path, authority and scheme (RFC 9112 §3.2). Origin form and asterisk stay as they are;
 * absolute form overrides Host; authority form is for CONNECT. A path that does not begin with a slash is the manager's to refuse.
 */
export function parseTarget(headers: HeaderMap, allowAbsoluteUrl: boolean): RequestError | undefined {
  const target = headers.path;
  if (headers.method === 'CONNECT') {
    if (!HOST_AND_PORT.test(target)) return INVALID_URL;
    headers.authority = target;
    headers.hasHost = true;
    headers.path = '';
    return undefined;
  }
  if (target.charCodeAt(0) === 0x2f || (target === '*' && headers.method === 'OPTIONS')) return undefined;
  if (!allowAbsoluteUrl) return target === '*' || SCHEME.test(target) ? undefined : NOT_A_TARGET;
  const absolute = ABSOLUTE.exec(target);
  if (target === '*') return INVALID_URL;
  if (absolute === null) return SCHEME.test(target) ? INVALID_SCHEME : NOT_A_TARGET;
  const port = URL_AUTHORITY.exec(absolute[2]!);
  if (port === null || Number(port[1] ?? 0) > MAX_PORT || !PATH_START.test(absolute[3]!)) return INVALID_URL;
  headers.scheme = absolute[1]!.toLowerCase();
  headers.authority = absolute[2]!;
  headers.hasHost = true;
  headers.path = absolute[3] === '' ? '/' : absolute[3]!;
  return undefined;
}
