import { frame, GET, literal, POST, PREFACE, SETTINGS, uint32 } from './h2-rig.ts';

/** Bytes that a hostile or broken client might send: well-formed frames, frames with wrong lengths and ids, and noise. */

export type Dice = () => number;

const pick = <T>(dice: Dice, items: readonly T[]): T => items[Math.floor(dice() * items.length)]!;
const below = (dice: Dice, limit: number): number => Math.floor(dice() * limit);

const noise = (dice: Dice, limit: number): string => {
  let text = '';
  for (let left = below(dice, limit); left > 0; left--) text += String.fromCharCode(below(dice, 256));
  return text;
};

const block = (dice: Dice): string => {
  switch (below(dice, 6)) {
    case 0:
      return GET;
    case 1:
      return POST + literal('content-length', String(below(dice, 20)));
    case 2:
      return GET + literal(noise(dice, 10), noise(dice, 20));
    case 3:
      return literal('x-t', 'v');
    case 4:
      return `${GET}\x40\x03x-a\x03abc\xbe\xbe`;
    default:
      return noise(dice, 60);
  }
};

const oneFrame = (dice: Dice): string => {
  const id = pick(dice, [0, 1, 1, 1, 3, 3, 5, 7, 2, 9, 2 ** 31 - 1]);
  switch (below(dice, 12)) {
    case 0:
    case 1:
    case 2:
      return frame(1, pick(dice, [4, 5, 4, 5, 1, 0, 37, 13]), id, block(dice));
    case 3:
      return frame(9, pick(dice, [0, 4]), id, block(dice));
    case 4:
    case 5:
      return frame(0, pick(dice, [0, 1, 8, 9]), id, noise(dice, 40));
    case 6:
      return frame(8, 0, id, uint32(pick(dice, [0, 1, 100, 2 ** 31 - 1])));
    case 7:
      return frame(4, pick(dice, [0, 1]), 0, `\0${String.fromCharCode(below(dice, 9))}${uint32(pick(dice, [0, 1, 100, 65_535, 2 ** 31]))}`);
    case 8:
      return frame(3, 0, id, uint32(below(dice, 14)));
    case 9:
      return frame(6, pick(dice, [0, 1]), 0, 'abcdefgh');
    case 10:
      return frame(below(dice, 12), below(dice, 256), id, noise(dice, 30));
    default:
      return noise(dice, 12);
  }
};

export function hostileBytes(dice: Dice): string {
  let text = dice() < 0.95 ? PREFACE : noise(dice, 30);
  if (dice() < 0.95) text += SETTINGS;
  for (let left = 1 + below(dice, 20); left > 0; left--) text += oneFrame(dice);
  return text;
}
