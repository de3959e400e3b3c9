/**
 * The raw value of the first parameter `name` in the query of `path` (what follows the first `?`); '' for one without `=`, undefined
 * for none. Nothing is decoded.
 */
export function queryParameter(path: string, name: string): string | undefined {
  let start = path.indexOf('?') + 1;
  if (start === 0) return undefined;
  while (start < path.length) {
    const next = path.indexOf('&', start);
    const end = next < 0 ? path.length : next;
    if (path.startsWith(name, start)) {
      const after = start + name.length;
      if (after === end) return '';
      if (after < end && path.charCodeAt(after) === EQUALS) return path.slice(after + 1, end);
    }
    start = end + 1;
  }
  return undefined;
}

/** The first value in the query of `path` of the parameter whose decoded name is `name`, decoded; undefined for none. */
export function decodedQueryParameter(path: string, name: string): string | undefined {
  return decodedParameter(path.slice(path.indexOf('?') + 1 || path.length), name);
}

/** The same of a query alone. */
export function decodedParameter(query: string, name: string): string | undefined {
  for (let at = 0; at < query.length; ) {
    const next = query.indexOf('&', at);
    const end = next === -1 ? query.length : next;
    const equals = query.indexOf('=', at);
    const nameEnd = equals === -1 || equals > end ? end : equals;
    if (percentDecoded(query.substring(at, nameEnd)) === name) return percentDecoded(query.substring(Math.min(nameEnd + 1, end), end));
    at = end + 1;
  }
  return undefined;
}

/** Bytes as latin1; what is no escape stays. */
export function percentDecoded(text: string): string {
  return text.includes('%') ? text.replace(ESCAPE, (_whole, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))) : text;
}

const ESCAPE = /%([0-9a-f]{2})/gi;
const EQUALS = 0x3d;
