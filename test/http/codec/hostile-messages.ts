import { below, type Dice, flipped, noise, pick } from '../../support/dice.ts';

/** HTTP/1 as a hostile or broken peer might write it: messages that are right, with faults, and noise of the words of the protocol. */

const METHODS = ['GET', 'GET', 'POST', 'HEAD', 'PUT', 'OPTIONS', 'CONNECT', 'BREW', 'get'];
const TARGETS = ['/', '/a?b=c', '*', 'http://x/a', 'http://', 'x:80', '/a#b', '/\x80', '//', 'a'];
const VERSIONS = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/1.1 ', 'HTTP/11', ''];
const STATUSES = ['200 OK', '200', '204 No Content', '304 Not Modified', '100 Continue', '103 Early Hints', '101 Switching', '099 x', '1000', '503 \x80', '2 0'];
const FIELDS = [
  'x-a: b',
  'X-A:\tb \t',
  'x_y: z',
  'x-empty:',
  'cookie: a=b',
  'cookie: c=d',
  'te: trailers, gzip',
  'connection: close',
  'connection: keep-alive, x-a',
  'connection: upgrade',
  'upgrade: websocket',
  'upgrade: h2c',
  'expect: 100-continue',
  'host: y',
  'content-length: 5',
  'content-length: 5, 5',
  'content-length: -1',
  'transfer-encoding: chunked',
  'transfer-encoding: gzip, chunked',
  'x-forwarded-for: 1.2.3.4',
  ' folded',
  'bad name: v',
  ': v',
  'x-nul: a\0b',
  'x-cr: a\rb',
  'x-high: \x80\xff',
  `x-long: ${'v'.repeat(300)}`,
  '',
];
const CHUNKS = ['5\r\nhello\r\n', '1;x=y\r\na\r\n', '00A \r\n0123456789\r\n', '5\nhello\n', 'g\r\n', 'ffffffffffffffffff\r\n', '3\r\nabcd\r\n', '1;"\r\n"\r\na\r\n', `2;${'e'.repeat(40)}\r\nab\r\n`];
const WORDS = ['GET ', 'POST / HTTP/1.1\r\n', 'HTTP/1.1 200 OK\r\n', 'Host: x\r\n', 'Transfer-Encoding: chunked\r\n', 'Content-Length: 3\r\n', '\r\n', '\n', '\r', '0\r\n\r\n', '3\r\nabc\r\n', ': ', '\0', ' '];

const isRight = (dice: Dice): boolean => dice() < 0.93;

function body(dice: Dice, framing: 'none' | 'length' | 'chunked', length: number): string {
  if (framing === 'none') return '';
  if (framing === 'length') return isRight(dice) ? 'b'.repeat(length) : noise(dice, 2 * length + 1);
  let text = '';
  for (let left = below(dice, 4); left > 0; left--) text += isRight(dice) ? pick(dice, CHUNKS.slice(0, 3)) : pick(dice, CHUNKS);
  const trailers = dice() < 0.3 ? `${isRight(dice) ? 'x-t: v' : pick(dice, FIELDS)}\r\n` : '';
  return `${text}0\r\n${trailers}\r\n`;
}

/** `first`: the first line without its end. `fields`: what such a message must have. */
function message(dice: Dice, first: string, fields: readonly string[]): string {
  const framing = pick(dice, ['none', 'length', 'chunked'] as const);
  const length = below(dice, 30);
  const lines = [first, ...fields];
  if (framing === 'length') lines.push(`Content-Length: ${length}`);
  if (framing === 'chunked') lines.push('Transfer-Encoding: chunked');
  for (let left = below(dice, 4); left > 0; left--) lines.splice(1 + below(dice, lines.length), 0, isRight(dice) ? pick(dice, FIELDS.slice(0, 5)) : pick(dice, FIELDS));
  const lineEnd = isRight(dice) ? '\r\n' : pick(dice, ['\n', '\r', '\r\r\n']);
  return lines.join(lineEnd) + lineEnd + lineEnd + body(dice, framing, length);
}

function damaged(dice: Dice, text: string): string {
  const at = below(dice, text.length);
  switch (below(dice, 5)) {
    case 0:
      return flipped(dice, text);
    case 1:
      return text.slice(0, at);
    case 2:
      return text.slice(0, at) + noise(dice, 5) + text.slice(at);
    case 3:
      return text.slice(0, at) + pick(dice, WORDS) + text.slice(at);
    default:
      return text.slice(0, at) + text.slice(at + 1 + below(dice, 4));
  }
}

function words(dice: Dice): string {
  let text = '';
  for (let left = 1 + below(dice, 12); left > 0; left--) text += dice() < 0.8 ? pick(dice, WORDS) : noise(dice, 12);
  return text;
}

function hostile(dice: Dice, make: () => string): string {
  if (dice() < 0.05) return words(dice);
  const text = make();
  return dice() < 0.3 ? damaged(dice, text) : text;
}

/** What a client writes: one to four requests. */
export function hostileRequestRow(dice: Dice): string {
  let text = dice() < 0.05 ? '\r\n' : '';
  for (let left = 1 + below(dice, 4); left > 0; left--) {
    text += hostile(dice, () => message(dice, `${isRight(dice) ? 'POST' : pick(dice, METHODS)} ${isRight(dice) ? '/a' : pick(dice, TARGETS)} ${pick(dice, VERSIONS.slice(0, isRight(dice) ? 4 : 9))}`, ['Host: x']));
  }
  return text;
}

/** What a server writes in answer to one request. */
export function hostileResponse(dice: Dice): string {
  return hostile(dice, () => {
    const interim = dice() < 0.1 ? 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n' : '';
    return interim + message(dice, `${pick(dice, VERSIONS.slice(0, isRight(dice) ? 4 : 9))} ${isRight(dice) ? '200 OK' : pick(dice, STATUSES)}`, []);
  });
}
