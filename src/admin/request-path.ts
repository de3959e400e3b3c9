export interface RequestPath {
  readonly path: string;
  readonly query: string;
}

/**
 * The path of a request, as Envoy's admin interface reads it: unreserved characters decoded, `\` is `/`, dot segments resolved, slashes
 * merged, but not where there is nothing else. What is no path is answered with the status that stands in its place.
 */
export function normalizePath(target: string): RequestPath | 400 | 404 {
  if (!target.startsWith('/')) return 404;
  const mark = target.indexOf('?');
  const raw = mark < 0 ? target : target.slice(0, mark);
  if (target.includes('#') || raw.includes('\0') || raw.includes('%00')) return 400;
  const segments: string[] = [];
  const parts = decodeUnreserved(raw).replaceAll('\\', '/').split('/').slice(1);
  parts.forEach((part, index) => {
    const last = index === parts.length - 1;
    if (part === '..') segments.pop();
    if (part === '.' || part === '..') {
      if (last) segments.push('');
    } else segments.push(part);
  });
  const isSlashes = segments.length > 1 && segments.every((segment) => segment === '');
  const path = isSlashes ? '//' : `/${segments.filter((segment, index) => segment !== '' || index === segments.length - 1).join('/')}`;
  return { path, query: mark < 0 ? '' : target.slice(mark + 1) };
}

function decodeUnreserved(path: string): string {
  return path.replace(/%([0-9a-fA-F]{2})/g, (escape, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return /[\w.~-]/.test(character) ? character : escape;
  });
}

/** Of a query or a form; the first value of a name counts. `+` stays, an escape that is none stays. */
export function parseParams(text: string): ReadonlyMap<string, string> {
  const params = new Map<string, string>();
  if (text === '') return params;
  for (const param of text.split('&')) {
    const equals = param.indexOf('=');
    const name = percentDecode(equals < 0 ? param : param.slice(0, equals));
    if (!params.has(name)) params.set(name, equals < 0 ? '' : percentDecode(param.slice(equals + 1)));
  }
  return params;
}

/** Escapes are bytes of UTF-8. */
function percentDecode(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/(?:%[0-9a-fA-F]{2})+/g, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString());
}
