/** True if `text` has `lowerCase` at `start`, ASCII letters of `text` taken as lower case. */
export function hasLowerCaseAt(text: string, lowerCase: string, start: number): boolean {
  if (start + lowerCase.length > text.length) return false;
  for (let at = 0; at < lowerCase.length; at++) {
    let code = text.charCodeAt(start + at);
    if (code >= 65 && code <= 90) code += 32;
    if (code !== lowerCase.charCodeAt(at)) return false;
  }
  return true;
}

/** ASCII letters in lower case, all else as it is; the text itself when there is nothing to do. */
export function asciiLowerCase(text: string): string {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 65 && code <= 90) return text.replace(/[A-Z]+/g, (run) => run.toLowerCase());
  }
  return text;
}
