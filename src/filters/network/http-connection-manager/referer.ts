/**
 * Whether a Referer is passed on: a URL or a part of one, with neither user nor fragment (RFC 9110 §10.1.3). Envoy removes others, so
 * that nobody behind it has to parse them.
 */
export function isGoodReferer(text: string): boolean {
  if (RELATIVE.test(text)) return true;
  const match = REFERER.exec(text);
  if (match === null) return false;
  const [, scheme, host, port] = match;
  if (scheme === undefined && port === undefined) return false;
  return (scheme === undefined || host !== undefined) && (port === undefined || Number(port) <= 0xffff);
}

/** A relative reference: its first segment has no colon. */
const RELATIVE = /^[\w.~%!$&'()*+,;=@?-]*(?:\/[\w.~%!$&'()*+,;=@?:/-]*)?$/;

/** Scheme, host, port; then path and query: printable ASCII. */
const REFERER = /^([a-z][a-z0-9+.-]*:\/\/)?(\[[0-9a-f:.]+\]|[a-z0-9.*-]+)?(?::(\d{1,5}))?(?:[/?][!"$-~]*)?$/i;
