import type { HeaderMap } from '../header-map.ts';
import { H } from '../header-name.ts';
import type { RequestError } from './codec.ts';

/** What Envoy's HTTP/1 codec checks of a request beyond its grammar. */

/** Methods that pass without `allow_custom_methods`: those that Envoy's parser knows (M-SEARCH by another name). */
const METHODS = new Set(
  `ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MOVE MSEARCH NOTIFY OPTIONS PATCH
  POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE`.split(/\s+/),
);

export function isKnownMethod(method: string): boolean {
  return method === 'GET' || method === 'POST' || METHODS.has(method);
}

/** Characters of an authority (RFC 3986 §3.2). */
const AUTHORITY = new Uint8Array(128);
for (const char of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@[]%") AUTHORITY[char.charCodeAt(0)] = 1;

export function isValidAuthority(authority: string): boolean {
  for (let at = 0; at < authority.length; at++) {
    const code = authority.charCodeAt(at);
    if (code > 127 || AUTHORITY[code] === 0) return false;
  }
  return true;
}

const CONNECTION_REJECTED: RequestError = { status: 400, details: 'http1.connection_header_rejected' };
/** More names than this in Connection are refused. */
const MAX_NOMINATED = 10;
/** Names that a client may not have removed by nominating them. */
const NOT_TO_BE_NOMINATED = new Set(['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']);

/** Removes the fields that Connection names: they are for this hop only (RFC 9110 §7.6.1). */
export function removeNominated(headers: HeaderMap): RequestError | undefined {
  const connection = headers.getJoined(H.connection);
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined;
  const names = connection.toLowerCase().split(',');
  if (names.length > MAX_NOMINATED) return CONNECTION_REJECTED;
  for (const part of names) {
    const name = part.trim();
    if (name === '' || name === 'close' || name === 'keep-alive' || name === 'upgrade') continue;
    if (name === 'te') {
      keepTrailersOfTe(headers);
      continue;
    }
    if (name.startsWith(':') || NOT_TO_BE_NOMINATED.has(name)) return CONNECTION_REJECTED;
    if (name === 'host') {
      headers.authority = '';
      headers.hasHost = false;
    } else {
      headers.removeText(name);
    }
  }
  return undefined;
}

/** TE may stand for this hop: that trailers are taken is true for the next one as well. */
function keepTrailersOfTe(headers: HeaderMap): void {
  const te = headers.get(H.te);
  if (te?.toLowerCase().split(',').some((part) => part.trim() === 'trailers') === true) headers.set(H.te, 'trailers');
}
