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

/** The first value of a parameter whose decoded name is `name`, decoded; undefined for none. */
export function decodedQueryParameter(path: string, name: string): string | undefined {
  const query = path.indexOf('?') + 1;
  if (query === 0) return undefined;
  for (const part of path.slice(query).split('&')) {
    const equals = part.indexOf('=');
    if (percentDecoded(equals < 0 ? part : part.slice(0, equals)) === name) return equals < 0 ? '' : percentDecoded(part.slice(equals + 1));
  }
  return undefined;
}

/** Bytes as latin1; what is no escape stays. */
function percentDecoded(text: string): string {
  return text.includes('%') ? text.replace(ESCAPE, (_whole, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))) : text;
}

const ESCAPE = /%([0-9a-f]{2})/gi;
const EQUALS = 0x3d;
