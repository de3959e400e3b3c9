/** One case: what a client does, and how the upstreams answer. */

import type { Dice } from './dice.ts';
import { request, type Message } from './requests.ts';
import { upstream } from './responses.ts';

export interface RawCase {
  /** What no two programs write alike. */
  readonly mask?: readonly object[];
  readonly ignore?: readonly string[];
  readonly upstreams: Readonly<Record<string, unknown>>;
  readonly client: readonly unknown[];
}

/** The text in one write, or in a few at places that mean nothing. */
const sends = (dice: Dice, text: string): object[] => {
  if (text.includes('{{') || dice.chance(0.8)) return [{ send: text }];
  const cuts = dice.list(1, 3, () => dice.below(text.length)).sort((a, b) => a - b);
  const pieces = [0, ...cuts].map((from, index) => text.slice(from, cuts[index] ?? text.length)).filter((piece) => piece !== '');
  return pieces.flatMap((send, index) => (index === 0 ? [{ send }] : [{ pause: 4 }, { send }]));
};

const oneByOne = (dice: Dice, requests: readonly Message[]): unknown[] =>
  requests.flatMap(({ text, odd }) => [...sends(dice, text), odd ? { pause: 30 } : { await: 'response' }]);

/** All in one read: more than two local replies there are a difference that is kept. */
const pipelined = (dice: Dice, requests: readonly Message[]): unknown[] => sends(dice, requests.slice(0, 2).map(({ text }) => text).join(''));

const end = (dice: Dice): unknown[] => (dice.chance(0.8) ? [] : [{ pause: 25 }, dice.pick(['half-close', 'close', 'reset'])]);

export const http1Client = (dice: Dice): unknown[] => {
  const requests = dice.list(1, 4, () => request(dice));
  const client = dice.chance(0.8) ? oneByOne(dice, requests) : pipelined(dice, requests);
  return [...client, ...end(dice)];
};

export const exchange = (dice: Dice): RawCase => {
  const client = http1Client(dice);
  return { upstreams: { origin: upstream(dice), second: upstream(dice), dead: 'refuse' }, client };
};
