/** The parts of a substitution: literal text and group numbers. */
export type SubstitutionPart = string | number;

/**
 * Parses RE2's rewrite text: `\0` to `\9` are groups, `\\` a backslash. Undefined when it has another backslash sequence or a group
 * that the pattern does not have; RE2 then replaces nothing.
 */
export function parseSubstitution(text: string, groups: number): SubstitutionPart[] | undefined {
  const parts: SubstitutionPart[] = [];
  let literal = '';
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== '\\') {
      literal += text[at];
      continue;
    }
    const next = text[++at];
    if (next === '\\') {
      literal += next;
      continue;
    }
    const group = next === undefined ? Number.NaN : '0123456789'.indexOf(next);
    if (!(group >= 0 && group <= groups)) return undefined;
    if (literal !== '') parts.push(literal);
    literal = '';
    parts.push(group);
  }
  if (literal !== '') parts.push(literal);
  return parts;
}
