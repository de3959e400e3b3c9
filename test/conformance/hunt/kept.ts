/** What `differences.md` states and made-up cases meet at every turn is taken out of the answers. */

import type { Answer, Seen } from '../harness/answer.ts';
import type { Case } from '../harness/case.ts';

/** answers-can-be-read: Envoy's close resets the connection where the client has written more. */
const closed = (seen: Seen): Seen => (seen.end === 'reset' ? { ...seen, end: 'closed' } : seen);

/** A reset is noticed: it, or another end of the client, ends the delayed close and counts as the client's. */
const ENDS = /\.downstream_cx_(delayed_close_timeout|destroy_local|destroy_remote)$/;

/** http2-upstream-counts: a connection that ends with its last stream has broken no rule. */
const ENDED = /\.upstream_cx_protocol_error$/;

export const withoutKept = (one: Case, answer: Answer): Answer => {
  const endsEarly = /goaway|max_requests_per_connection/.test(JSON.stringify([one.upstreams, one.config]));
  const leaves = one.client.some((step) => step.do === 'reset' || step.do === 'close' || step.do === 'half-close');
  return {
    ...answer,
    client: Object.fromEntries(Object.entries(answer.client).map(([name, seen]) => [name, closed(seen)])),
    stats: Object.fromEntries(Object.entries(answer.stats).filter(([name]) => !(leaves && ENDS.test(name)) && !(endsEarly && ENDED.test(name)))),
  };
};

/**
 * http2-errors-are-told: here the peer is told of a fault that Envoy lets pass, or ends the connection for without a word. Early answers are whole: there it is
 * told of one that is none. Answers to what came first: there a fault has taken the answer with it.
 */
export const isTold = (truth: Answer, ours: Answer): boolean =>
  Object.entries(ours.client).some(([name, { received }]) => {
    const theirs = truth.client[name]?.received ?? [];
    return says(received, TOLD) !== says(theirs, TOLD) || (says(theirs, CUT_OFF) && !says(received, CUT_OFF)) || resetTwice(received) || isLost(truth.client[name], received);
  });

/** The rest of a request that was answered made no sense. */
const resetTwice = (received: readonly string[]): boolean => received.some((line, at) => /^#\d+ RST_STREAM 0$/.test(line) && says(received.slice(at), new RegExp(`^${line.split(' ')[0]} RST_STREAM [13]$`)));

const isLost = (theirs: Seen | undefined, received: readonly string[]): boolean => {
  if (theirs === undefined) return false;
  const lost = received.filter((line) => /^#\d+ HEADERS$/.test(line) && !theirs.received.includes(line)).map((line) => line.split(' ')[0]);
  return lost.some((stream) => theirs.received.includes(`${stream} RST_STREAM 1`) || theirs.end === 'closed');
};

const says = (received: readonly string[], pattern: RegExp): boolean => received.some((line) => pattern.test(line));
const TOLD = /^(GOAWAY last \d+ code [1-9]|#\d+ RST_STREAM 5)/;
const CUT_OFF = /^#\d+ RST_STREAM 2$/;
