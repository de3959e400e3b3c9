/**
 * The value of the first cookie `name` in one `cookie` line (RFC 6265): quotes around it are taken off. Undefined for none.
 */
export function cookieValue(line: string, name: string): string | undefined {
  let start = 0;
  while (start < line.length) {
    const next = line.indexOf(';', start);
    const end = next < 0 ? line.length : next;
    while (start < end && (line[start] === ' ' || line[start] === '\t')) start++;
    const equals = start + name.length;
    if (equals < end && line.charCodeAt(equals) === EQUALS && line.startsWith(name, start)) return unquoted(line, equals + 1, end);
    start = end + 1;
  }
  return undefined;
}

const EQUALS = 0x3d;
const QUOTE = 0x22;

function unquoted(line: string, start: number, end: number): string {
  const isQuoted = end - start >= 2 && line.charCodeAt(start) === QUOTE && line.charCodeAt(end - 1) === QUOTE;
  return isQuoted ? line.slice(start + 1, end - 1) : line.slice(start, end);
}
