import { below, type Dice, noise, pick } from '../../../support/dice.ts';
import { frame, GET, literal, POST, PREFACE, SETTINGS, uint32 } from './h2-rig.ts';

/** What peers that keep the rules send, frame by frame: `mutations.ts` breaks it. */

const END_STREAM = 1;
const END_HEADERS = 4;
const PADDED = 8;
const PRIORITY = 32;

const CONNECT = '\x02\x07CONNECT';
/** CONNECT of a host, and extended CONNECT. */
const TUNNEL = `${CONNECT}\x01\x04a:80`;
const WEBSOCKET = `${CONNECT}\x86\x84\x01\x01a${literal(':protocol', 'websocket')}`;
/** Puts a field into the table; `LATEST` names the last one there. */
const REMEMBERED = '\x40\x03x-a\x03abc';
const LATEST = '\xbe';
/** In Huffman's code: `custom-key: custom-value` (RFC 7541, Appendix C.4.3). */
const CODED = '\0\x88\x25\xa8\x49\xe9\x5b\xa9\x7d\x7f\x89\x25\xa8\x49\xe9\x5b\xb8\xe8\xb4\xbf';

const FIELDS = [LATEST, literal('expect', '100-continue'), literal('a_b', 'c'), literal('x-b', 'some value'), literal('cookie', 'a=b') + literal('cookie', 'c=d'), literal('te', 'trailers'), CODED, ''];

/** A head, whole or in several frames. */
function headFrames(dice: Dice, id: number, block: string, end: boolean): string[] {
  const flags = end ? END_STREAM : 0;
  switch (below(dice, 6)) {
    case 0: {
      const cut = 1 + below(dice, block.length);
      const again = cut + below(dice, block.length - cut);
      const pieces = [block.slice(0, cut), block.slice(cut, again), block.slice(again)].filter((piece) => piece !== '');
      return pieces.map((piece, index) => frame(index === 0 ? 1 : 9, (index === 0 ? flags : 0) | (index === pieces.length - 1 ? END_HEADERS : 0), id, piece));
    }
    case 1:
      return [frame(1, flags | END_HEADERS | PADDED, id, `\x03${block}\0\0\0`)];
    case 2:
      return [frame(1, flags | END_HEADERS | PRIORITY, id, `${uint32(0)}\x0f${block}`)];
    default:
      return [frame(1, flags | END_HEADERS, id, block)];
  }
}

function dataFrame(dice: Dice, id: number, text: string, end: boolean): string {
  const flags = end ? END_STREAM : 0;
  return below(dice, 4) === 0 ? frame(0, flags | PADDED, id, `\x02${text}\0\0`) : frame(0, flags, id, text);
}

/** A message: groups of frames between which others may stand. */
function message(dice: Dice, id: number, start: string, body: 'none' | 'some' | 'tunnel'): string[][] {
  const fields = `${REMEMBERED}${pick(dice, FIELDS)}`;
  if (body === 'none') return [headFrames(dice, id, start + fields, true)];
  const pieces = Array.from({ length: 1 + below(dice, 4) }, () => noise(dice, 30) || 'a');
  const hasTrailers = body === 'some' && below(dice, 3) === 0;
  const hasLength = body === 'some' && below(dice, 2) === 0;
  const length = hasLength ? literal('content-length', String(pieces.join('').length)) : '';
  const groups = [headFrames(dice, id, start + fields + length, false)];
  pieces.forEach((piece, index) => groups.push([dataFrame(dice, id, piece, !hasTrailers && index === pieces.length - 1)]));
  if (hasTrailers) groups.push(headFrames(dice, id, literal('x-t', 'v') + LATEST, true));
  return groups;
}

function control(dice: Dice, id: number): string {
  switch (below(dice, 5)) {
    case 0:
      return frame(6, 0, 0, 'abcdefgh');
    case 1:
      return frame(8, 0, pick(dice, [0, id]), uint32(1 + below(dice, 1000)));
    case 2:
      return frame(4, 0, 0, `\0\x04${uint32(pick(dice, [0, 100, 65_535]))}`);
    case 3:
      return frame(2, 0, id, `${uint32(0)}\x0f`);
    default:
      return frame(0xf0, 0xff, id, 'what nobody knows');
  }
}

/** Messages side by side: each begins after those before it have begun. `controls`: one stands between groups now and then. */
function interleaved(dice: Dice, messages: readonly string[][][], controls: boolean): string[] {
  const frames: string[] = [];
  const open: string[][][] = [];
  let begun = 0;
  while (begun < messages.length || open.length > 0) {
    const begins = open.length === 0 || (begun < messages.length && below(dice, 2) === 0);
    if (begins) open.push([...messages[begun++]!]);
    const at = begins ? open.length - 1 : below(dice, open.length);
    const [group, ...rest] = open[at]!;
    frames.push(...group!);
    open[at] = rest;
    if (rest.length === 0) open.splice(at, 1);
    if (controls && below(dice, 3) === 0) frames.push(control(dice, begun * 2 - 1));
  }
  return frames;
}

/** One to four requests of a client. `tunnels`: extended CONNECT may be among them. */
export function validRequests(dice: Dice, tunnels: boolean): string[] {
  const messages = Array.from({ length: 1 + below(dice, 4) }, (_, index) => {
    const id = index * 2 + 1;
    switch (below(dice, tunnels ? 5 : 3)) {
      case 0:
        return message(dice, id, GET, 'none');
      case 3:
        return message(dice, id, WEBSOCKET, 'tunnel');
      case 4:
        return message(dice, id, TUNNEL, 'tunnel');
      default:
        return message(dice, id, POST, 'some');
    }
  });
  return [PREFACE, SETTINGS, frame(4, 1, 0), ...interleaved(dice, messages, true)];
}

/** The answers of a server to streams 1, 3, … of which `heads` tells which ask for a head alone. */
export function validResponses(dice: Dice, heads: readonly boolean[]): string[] {
  const messages = heads.map((isHead, index) => {
    const id = index * 2 + 1;
    const answer = message(dice, id, '\x88', isHead || below(dice, 4) === 0 ? 'none' : 'some');
    for (let left = below(dice, 3); left > 0; left--) answer.unshift([frame(1, END_HEADERS, id, '\x08\x03103' + literal('link', '</a>'))]);
    return answer;
  });
  return [SETTINGS, frame(4, 1, 0), ...interleaved(dice, messages, below(dice, 2) === 0)];
}
