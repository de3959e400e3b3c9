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

const EQUALS = 0x3d;
