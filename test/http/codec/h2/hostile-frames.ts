import { below, type Dice, flipped, noise, pick } from '../../../support/dice.ts';
import { frame, GET, literal, POST, PREFACE, SETTINGS, uint32 } from './h2-rig.ts';
import { mutated } from './mutations.ts';
import { validRequests, validResponses } from './valid-sessions.ts';

/** Bytes that a hostile or broken peer might send: well-formed frames, frames with wrong lengths and ids, noise, and flipped bits. */

const INCREMENTS = [0, 1, 100, 65_535, 2 ** 31 - 1];
const VALUES = [0, 1, 100, 4096, 16_384, 65_535, 2 ** 31 - 1, 2 ** 32 - 1];
const RESPONSE = '\x88';

/** A head block. `start`: the pseudo-headers that fit. */
const block = (dice: Dice, start: string): string => {
  switch (below(dice, 11)) {
    case 0:
    case 1:
      return start;
    case 2:
      return start + literal('content-length', String(below(dice, 20)));
    case 3:
      return start + literal(noise(dice, 10), noise(dice, 20));
    case 4:
      return literal('x-t', 'v');
    case 5:
      return `${start}\x40\x03x-a\x03abc\xbe\xbe`;
    case 6:
      // Entries of the table by number, there or not.
      return start + pick(dice, ['\xbe', '\xbf\xbe', '\xff\x10', '\x80', '\x7f\x01', '\x10\x00']);
    case 7:
      return pick(dice, ['\x20', '\x3f\xe1\x1f', '\x3f\x9a\x01', '\x3f\xff\xff\xff\xff\x0f']) + start;
    case 8:
      // Huffman coded, right and wrong.
      return `${start}\x00\x83\xf2\xb2\x4a${String.fromCharCode(0x80 | below(dice, 6))}${dice() < 0.2 ? '\xff\xff\xff\xff\xff' : noise(dice, 6)}`;
    case 9:
      return start + literal('cookie', 'a=b').repeat(below(dice, 8));
    default:
      return noise(dice, 60);
  }
};

const settings = (dice: Dice): string => {
  let pairs = '';
  for (let left = below(dice, 4); left > 0; left--) pairs += `\0${String.fromCharCode(below(dice, 10))}${uint32(pick(dice, VALUES))}`;
  return pairs;
};

/** A head in several frames. */
const chain = (dice: Dice, id: number, start: string): string => {
  const whole = block(dice, start) + literal('x-long', 'v'.repeat(below(dice, 100)));
  let text = '';
  for (let at = 0; at < whole.length; ) {
    const run = 1 + below(dice, 40);
    text += frame(at === 0 ? 1 : 9, (at === 0 ? below(dice, 2) : 0) | (at + run >= whole.length ? 4 : 0), id, whole.slice(at, at + run));
    at += run;
  }
  return text;
};

/** Streams one after the other, taken back or not. */
const row = (dice: Dice, start: string): string => {
  const isReset = dice() < 0.5;
  let text = '';
  for (let id = 11, left = below(dice, 20); left > 0; left--, id += 2) text += frame(1, pick(dice, [4, 5]), id, start) + (isReset ? frame(3, 0, id, uint32(8)) : '');
  return text;
};

const oneFrame = (dice: Dice, starts: readonly string[]): string => {
  const id = pick(dice, [0, 1, 1, 1, 3, 3, 5, 7, 2, 9, 2 ** 31 - 1]);
  const start = pick(dice, starts);
  switch (below(dice, 18)) {
    case 0:
    case 1:
    case 2:
      return frame(1, pick(dice, [4, 5, 4, 5, 1, 0]), id, block(dice, start));
    case 3:
      return frame(1, pick(dice, [37, 13, 45]), id, noise(dice, 4) + block(dice, start) + noise(dice, 8));
    case 4:
      return chain(dice, id, start);
    case 5:
      return frame(9, pick(dice, [0, 4]), id, block(dice, start));
    case 6:
      return frame(0, pick(dice, [0, 1, 8, 9]), id, noise(dice, 40));
    case 7:
      return frame(0, 0, id).repeat(1 + below(dice, 4));
    case 8:
      return frame(8, 0, id, uint32(pick(dice, INCREMENTS)));
    case 9:
      return frame(4, pick(dice, [0, 0, 0, 1]), 0, settings(dice));
    case 10:
      return frame(3, 0, id, uint32(below(dice, 14)));
    case 11:
      return frame(6, pick(dice, [0, 1]), 0, pick(dice, ['abcdefgh', 'nuncio\0\0']));
    case 12:
      return frame(2, 0, id, uint32(below(dice, 8)) + 'w');
    case 13:
      return frame(7, 0, 0, uint32(below(dice, 9)) + uint32(below(dice, 14)) + noise(dice, 9));
    case 14:
      return frame(below(dice, 12), below(dice, 256), id, noise(dice, 30));
    case 15:
      return row(dice, start);
    case 16:
      // It may depend on itself.
      return frame(1, 36, id, `${uint32(pick(dice, [id, 0]))}\x0f${start}`);
    default:
      return noise(dice, 12);
  }
};

const frames = (dice: Dice, starts: readonly string[]): string => {
  let text = dice() < 0.95 ? SETTINGS : '';
  for (let left = 1 + below(dice, 20); left > 0; left--) text += oneFrame(dice, starts);
  return dice() < 0.2 ? flipped(dice, text) : text;
};

const REQUESTS = [GET, POST, GET];
const RESPONSES = [RESPONSE, RESPONSE, '\x08\x03100', '\x8d'];

/** Noise that looks like frames, or a session that is right but for a few faults. */
export function hostileRequests(dice: Dice): string {
  if (dice() < 0.5) return mutated(dice, validRequests(dice, dice() < 0.5), () => oneFrame(dice, REQUESTS));
  return (dice() < 0.97 ? PREFACE : noise(dice, 30)) + frames(dice, REQUESTS);
}

/** `heads`: which of the requests ask for a head alone. */
export function hostileResponses(dice: Dice, heads: readonly boolean[]): string {
  return dice() < 0.5 ? mutated(dice, validResponses(dice, heads), () => oneFrame(dice, RESPONSES)) : frames(dice, RESPONSES);
}

/** Blocks for one decoder, one after the other. */
export function hostileBlocks(dice: Dice): string[] {
  return Array.from({ length: 1 + below(dice, 8) }, () => block(dice, GET));
}
