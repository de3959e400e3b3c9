import type { HeadReader } from './head-reader.ts';
import { FieldKind } from './hpack-table.ts';
import { isValidAuthority } from '../h1-request-checks.ts';

/** What RFC 9113 §8.3.1 asks of a request's pseudo-headers beyond their order; as strict as Envoy's codec. */

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+\-.]*$/;

const wellKnown: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH', 'CONNECT']);

const HAS_PROTOCOL = 1 << FieldKind.protocol;

/** A field that must be there is missing, or one that must not be there is. */
export function isComplete(head: HeadReader): boolean {
  if (head.method === '' || !head.hasAuthority) return false;
  if (head.protocol !== '') return head.method === 'CONNECT' && head.scheme !== '' && head.path !== '';
  if (head.method === 'CONNECT') return head.scheme === '' && !head.hasPath;
  if (head.scheme === '' || head.path === '') return false;
  const web = head.scheme === 'http' || head.scheme === 'https';
  return !web || head.path.charCodeAt(0) === 0x2f || (head.path === '*' && head.method === 'OPTIONS');
}

export function areFieldsValid(head: HeadReader, allowConnect: boolean): boolean {
  const { method, scheme, path } = head;
  if (head.status !== 0 || (head.hasPath && path === '') || ((head.protocol === '' || !allowConnect) && (head.pseudoHeaders & HAS_PROTOCOL) !== 0)) return false;
  if (!wellKnown.has(method) && method !== '' && !TOKEN.test(method)) return false;
  if (scheme !== 'http' && scheme !== 'https' && scheme !== '' && !SCHEME.test(scheme)) return false;
  for (let at = 0; at < path.length; at++) {
    const code = path.charCodeAt(at);
    if (code <= 0x20 || code === 0x7f) return false;
  }
  return head.contentLength !== -2 && isValidAuthority(head.authority);
}
