/** What an upstream does with a request: steps of a reply as case files have them. */

import type { Dice } from './dice.ts';
import { chunked } from './requests.ts';

type Step = object | string;

const STATUS_LINES = ['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK', 'HTTP/1.1 200 OK', 'HTTP/1.1 200 OK', 'HTTP/1.1 404 Not Found', 'HTTP/1.1 503 Service Unavailable', 'HTTP/1.1 204 No Content', 'HTTP/1.1 304 Not Modified', 'HTTP/1.1 302 Found', 'HTTP/1.1 500 Own Words', 'HTTP/1.0 200 OK', 'HTTP/1.1 205 Reset', 'HTTP/1.1 299 X', 'HTTP/1.1 429 '] as const;
const ODD_STATUS_LINES = ['HTTP/1.1 200', 'HTTP/1.1 200 ', 'HTTP/1.1  200 OK', 'HTTP/1.1 1000 High', 'HTTP/1.1 abc OK', 'HTTP/2.0 200 OK', 'HTTP/1.2 200 OK', 'http/1.1 200 OK', 'HTTP/1.1 200 \xff', 'HTTP/1.1 600 x', 'HTTP/1.1 +20 x', 'HTTP/1.1 999 x', 'HTTP/1.1 200\tOK', 'ICY 200 OK', '', 'HTTP/1.1 20', 'HTTP/1.1 200OK', 'HTTP/1.1 199 x', 'HTTP/1.1 101 Switching Protocols', 'HTTP/1.1 100 Continue', 'HTTP/1.1 102 x'] as const;
const LINES = [
  'x-up: 1', 'X-Up: two', 'content-type: text/plain', 'server: theirs', 'date: Tue, 15 Nov 1994 08:12:31 GMT', 'connection: close', 'connection: keep-alive', 'connection: x-up', 'Connection: Close, x-a', 'keep-alive: timeout=1', 'proxy-connection: close', 'set-cookie: a=1', 'set-cookie: b=2', 'location: /there', 'via: 1.1 up', 'upgrade: websocket', 'connection: upgrade', 'trailer: x-t', 'te: trailers',
  'x-envoy-upstream-service-time: 99', 'x-envoy-overloaded: true', 'x-envoy-upstream-canary: true', 'x-envoy-immediate-health-check-fail: 1', 'x-envoy-degraded: 1', 'x-envoy-decorator-operation: op', 'x-envoy-upstream-healthchecked-cluster: c', 'x-envoy-ratelimited: true', 'x-request-id: theirs', 'grpc-status: 5', 'grpc-message: m', 'content-encoding: gzip', 'vary: origin', 'access-control-allow-origin: *', 'x-envoy-attempt-count: 7', 'proxy-status: up', 'www-authenticate: a, b', 'alt-svc: h3', 'x-forwarded-for: 1.1.1.1',
] as const;
const ODD_LINES = ['x_u: 1', 'x-sp : 1', ': none', 'noColon', 'x@a: 1', 'x-tab:\t1\t', 'x-empty:', 'x-obs: \xff', 'x-nul: a\0b', 'x-cr: a\rb', ' lead: 1', 'x-long: {{b*1200}}', 'x-fold: a\r\n b', ':status: 201', ':x: 1', 'x-bell: \x07', 'host: x', 'x-é: 1', 'content-length: 3', 'content-length: abc', 'content-length: -1', 'content-length: 3, 3', 'transfer-encoding: gzip', 'transfer-encoding: chunked', 'transfer-encoding: identity', 'transfer-encoding: gzip, chunked', 'content-length: +3', 'content-length: 99999999999999999999', 'content-length:'] as const;

const lines = (dice: Dice): string[] => [...dice.list(0, 3, () => dice.pick(LINES)), ...(dice.chance(0.12) ? [dice.pick(ODD_LINES)] : [])];

interface Body {
  readonly lines: readonly string[];
  readonly text: string;
  readonly ends?: 'close' | 'half-close' | 'reset';
}

const body = (dice: Dice): Body =>
  dice.make<Body>([
    () => ({ lines: ['content-length: 5'], text: 'hello' }),
    () => ({ lines: ['content-length: 5'], text: 'hello' }),
    () => ({ lines: ['content-length: 0'], text: '' }),
    () => ({ lines: ['transfer-encoding: chunked'], text: chunked(dice) }),
    () => ({ lines: ['transfer-encoding: chunked'], text: '5\r\nhello\r\n0\r\n\r\n' }),
    () => ({ lines: [], text: 'until the end', ends: dice.pick(['close', 'half-close', 'reset']) }),
    () => ({ lines: [], text: '' }),
    () => ({ lines: ['content-length: 9'], text: 'short', ends: dice.pick(['close', 'half-close', 'reset']) }),
    () => ({ lines: ['content-length: 3'], text: 'toolong' }),
    () => ({ lines: ['transfer-encoding: chunked', 'content-length: 5'], text: '5\r\nhello\r\n0\r\n\r\n' }),
    () => ({ lines: ['content-length: 5', 'content-length: 6'], text: 'hello!' }),
  ]);

const interim = (dice: Dice): string[] =>
  dice.list(1, 2, () => `HTTP/1.1 ${dice.pick(['100 Continue', '103 Early Hints', '102 Processing', '101 Switching Protocols', '199 x'])}\r\n${dice.chance(0.3) ? 'link: </a>\r\n' : ''}${dice.chance(0.1) ? 'content-length: 3\r\n' : ''}\r\n`);

/** The text in one write or in two. */
const sent = (dice: Dice, text: string): Step[] => {
  if (text === '') return [];
  if (text.includes('{{') || dice.chance(0.75)) return [{ send: text }];
  const at = dice.below(text.length);
  return [...(at > 0 ? [{ send: text.slice(0, at) }] : []), { pause: dice.pick([1, 8]) }, { send: text.slice(at) }];
};

const answer = (dice: Dice): Step[] => {
  const framed = body(dice);
  const head = [dice.chance(0.93) ? dice.pick(STATUS_LINES) : dice.pick(ODD_STATUS_LINES), ...lines(dice), ...framed.lines, '', ''].join('\r\n');
  const before = dice.chance(0.1) ? interim(dice).join('') : '';
  const ends = framed.ends ?? (dice.chance(0.07) ? dice.pick(['close', 'half-close', 'reset'] as const) : undefined);
  return [...sent(dice, before + head + framed.text), ...(ends === undefined ? [] : [{ pause: 8 }, ends])];
};

const silence = (dice: Dice): Step[] =>
  dice.make<Step[]>([() => ['close'], () => ['reset'], () => ['half-close'], () => [{ wait: 'never' }], () => [{ pause: 90 }, ...answer(dice)], () => [{ send: 'garbage\r\n\r\n' }], () => [{ send: 'HTTP/1.1 200 OK\r\n' }, { pause: 5 }, 'close']]);

const PLAIN = { status: 200, headers: { 'x-up': '1' }, body: 'ok' };

export const upstream = (dice: Dice): object => {
  const reply = (): Step[] => (dice.chance(0.4) ? [PLAIN] : dice.chance(0.88) ? answer(dice) : silence(dice));
  return { ...(dice.chance(0.12) && { when: 'head' }), replies: dice.list(1, 3, reply) };
};
