/** Chance for what tests make up: in [0, 1). */
export type Dice = () => number;

export const pick = <T>(dice: Dice, items: readonly T[]): T => items[Math.floor(dice() * items.length)]!;
export const below = (dice: Dice, limit: number): number => Math.floor(dice() * limit);

/** Up to `limit` characters of a byte each. */
export function noise(dice: Dice, limit: number): string {
  let text = '';
  for (let left = below(dice, limit); left > 0; left--) text += String.fromCharCode(below(dice, 256));
  return text;
}

/** One bit is wrong. */
export function flipped(dice: Dice, text: string): string {
  const at = below(dice, text.length);
  return text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << below(dice, 8))) + text.slice(at + 1);
}
