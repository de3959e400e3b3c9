import { below, type Dice, flipped, noise, pick } from '../../../support/dice.ts';
import { frame } from './h2-rig.ts';

/** Breaks what `valid-sessions.ts` makes: a few faults in a session that is right otherwise go deeper than noise. */

const HEAD_BYTES = 9;
const MOST_REPEATS = 60;

const typeOf = (text: string): number => text.charCodeAt(3);
const flagsOf = (text: string): number => text.charCodeAt(4);
const idOf = (text: string): number => Buffer.from(text.slice(5, HEAD_BYTES), 'latin1').readUInt32BE();
const payloadOf = (text: string): string => text.slice(HEAD_BYTES);

const IDS = [0, 1, 2, 3, 5, 7, 9, 2 ** 31 - 1, 2 ** 32 - 1];

/** One frame, changed. */
function changed(dice: Dice, text: string): string {
  const [type, flags, id, payload] = [typeOf(text), flagsOf(text), idOf(text), payloadOf(text)];
  switch (below(dice, 8)) {
    case 0:
      return frame(below(dice, 11), flags, id, payload);
    case 1:
      return frame(type, flags ^ (1 << below(dice, 8)), id, payload);
    case 2:
      return frame(type, flags, pick(dice, IDS), payload);
    case 3:
      return frame(type, flags, id, payload.slice(0, below(dice, payload.length + 1)));
    case 4:
      return frame(type, flags, id, payload + noise(dice, 12));
    case 5:
      // Its length is a lie.
      return frame(type, flags, id, 'x'.repeat(below(dice, 40))).slice(0, HEAD_BYTES) + payload;
    case 6:
      return payload === '' ? text : text.slice(0, HEAD_BYTES) + flipped(dice, payload);
    default:
      return frame(type, flags, id, noise(dice, 20) + payload);
  }
}

function mutate(dice: Dice, frames: string[], foreign: () => string): void {
  const at = below(dice, frames.length);
  const one = frames[at] ?? '';
  switch (below(dice, 10)) {
    case 0:
      frames.splice(at, 1);
      return;
    case 1:
      frames.splice(below(dice, frames.length + 1), 0, one);
      return;
    case 2:
      frames[at] = one.repeat(2 + below(dice, MOST_REPEATS));
      return;
    case 3: {
      const other = below(dice, frames.length);
      frames[at] = frames[other] ?? '';
      frames[other] = one;
      return;
    }
    case 4:
      frames.length = at;
      return;
    case 5:
    case 6:
      frames.splice(at, 0, foreign());
      return;
    default:
      if (one.length >= HEAD_BYTES) frames[at] = changed(dice, one);
  }
}

/** The session with one to four faults. `foreign`: a frame of elsewhere. */
export function mutated(dice: Dice, session: readonly string[], foreign: () => string): string {
  const frames = [...session];
  for (let left = 1 + below(dice, 4); left > 0; left--) mutate(dice, frames, foreign);
  const text = frames.join('');
  return text !== '' && below(dice, 10) === 0 ? flipped(dice, text) : text;
}
