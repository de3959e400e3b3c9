/**
 * The path of a request, as Envoy's admin interface reads it: fragment dropped, unreserved characters decoded, `\` is `/`, dot segments
 * resolved, slashes merged. Undefined when it is no path.
 */
export function normalizePath(target: string): { readonly path: string; readonly query: string } | undefined {
  const hash = target.indexOf('#');
  const whole = hash < 0 ? target : target.slice(0, hash);
  const mark = whole.indexOf('?');
  const raw = mark < 0 ? whole : whole.slice(0, mark);
  if (!raw.startsWith('/') || raw.includes('\0') || /%00/.test(raw)) return undefined;
  const segments: string[] = [];
  const parts = decodeUnreserved(raw).replaceAll('\\', '/').split('/').slice(1);
  parts.forEach((part, index) => {
    const last = index === parts.length - 1;
    if (part === '..') segments.pop();
    if (part === '.' || part === '..' || part === '') {
      if (last) segments.push('');
    } else segments.push(part);
  });
  const path = `/${segments.filter((segment, index) => segment !== '' || index === segments.length - 1).join('/')}`;
  return { path, query: mark < 0 ? '' : whole.slice(mark + 1) };
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
