/** What a client writes: requests as they should be, and as they should not. */

import type { Dice } from './dice.ts';
import { HOSTS, NAMES, QUERY_NAMES, SEGMENTS, VALUES } from './words.ts';

const METHODS = ['GET', 'GET', 'GET', 'POST', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT', 'get', 'FOO', 'M-SEARCH', 'GE T', 'G@T'] as const;
const VERSIONS = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'HTTP/0.9', 'http/1.1', 'HTTP/1.1 ', 'HTTP/11', ''] as const;
const ODD_TARGETS = ['*', '/?', '/#f', '/a?q=1#f', '//a//b', '/a/../b', '/a/./b', '/%2e%2e/a', '/a%', '/a%zz', '/a\\b', '/a b', '/é', '/{{a*300}}', 'a', '?q', '/a;x=1/b', '/%00', '/a\x7f', '/a"b', '/<a>', '/a%2fb%5Cc', '/a%0d%0ab'] as const;
const ABSOLUTE = ['http://', 'https://', 'HTTP://', 'ftp://', 'http:/', 'http:///', '://', 'http://user@'] as const;
const SPECIAL = [
  ['connection', 'close'], ['connection', 'keep-alive'], ['connection', 'x-a, close'], ['connection', 'X-B'], ['connection', 'te'], ['connection', 'upgrade'], ['connection', 'Upgrade, HTTP2-Settings'], ['connection', 'host'], ['connection', 'transfer-encoding'], ['connection', 'x-forwarded-for, x-envoy-internal'],
  ['te', 'trailers'], ['te', 'gzip, trailers'], ['upgrade', 'websocket'], ['upgrade', 'other'], ['upgrade', 'h2c'], ['upgrade', 'TLS/1.2, HTTP/1.1'], ['http2-settings', 'AAMAAABkAARAAAAAAAIAAAAA'], ['keep-alive', 'timeout=5'], ['proxy-connection', 'keep-alive'],
  ['expect', '100-continue'], ['expect', '100-Continue'], ['expect', 'other'], ['content-type', 'application/grpc'], ['content-type', 'application/grpc-web'], ['grpc-timeout', '50m'], ['grpc-timeout', '1S'], ['trailer', 'x-t'], ['content-encoding', 'gzip'],
  ['x-envoy-upstream-rq-timeout-ms', '60'], ['x-envoy-upstream-rq-timeout-ms', 'abc'], ['x-envoy-upstream-rq-timeout-ms', '0'], ['x-envoy-expected-rq-timeout-ms', '70'], ['x-envoy-internal', 'true'], ['x-envoy-original-path', '/was'], ['x-envoy-external-address', '1.2.3.4'], ['x-envoy-decorator-operation', 'op'], ['x-envoy-upstream-stream-duration-ms', '60'],
  ['x-envoy-original-host', 'was.org'], ['x-envoy-attempt-count', '9'], ['x-envoy-downstream-service-cluster', 'c'], ['x-envoy-fault-abort-request', '404'], ['x-envoy-fault-delay-request', '10'], ['x-envoy-upstream-alt-stat-name', 'alt'], ['x-envoy-force-trace', '1'], ['x-envoy-ip-tags', 't'], ['x-envoy-peer-metadata', 'm'], ['x-envoy-is-timeout-retry', '1'], ['x-envoy-immediate-health-check-fail', '1'],
  ['x-forwarded-for', '10.0.0.1'], ['x-forwarded-for', '1.2.3.4, 10.0.0.2'], ['x-forwarded-for', 'abc'], ['x-forwarded-for', '::1'], ['x-forwarded-for', '1.2.3.4:80'], ['x-forwarded-for', ','], ['x-forwarded-proto', 'https'], ['x-forwarded-proto', 'ftp'], ['x-forwarded-proto', 'HTTP'], ['x-forwarded-host', 'fwd.org'], ['x-forwarded-port', '99'], ['x-forwarded-client-cert', 'Hash=1'],
  ['x-request-id', 'mine'], ['x-request-id', '11111111-2222-4333-8444-555555555555'], ['x-client-trace-id', 't'], ['traceparent', '00-1-2-01'], ['cookie', 'a=1'], ['cookie', 'a=one; b="two"'], ['cookie', 'b=;a'], ['referer', 'http://a.com/x'], ['referer', 'a'], ['origin', 'one'], ['origin', 'http://a.com'], ['access-control-request-method', 'GET'],
  ['via', '1.1 x'], ['date', 'today'], ['host', 'second.org'], ['accept-encoding', 'gzip'], ['range', 'bytes=0-1'], ['early-data', '1'], ['server', 'client'], [':path', '/x'], [':method', 'PUT'], [':authority', 'x.org'], [':scheme', 'https'], ['x-envoy-max-retries', '0'],
] as const;
const ODD_LINES = ['x_u: 1', 'X-Case-Name: 1', 'x-sp : 1', ': none', 'noColon', 'x@a: 1', 'x(a): 1', 'x-tab:\t1\t', 'x-pad:    1   ', 'x-empty:', 'x-obs: \xff\xe9', 'x-nul: a\0b', 'x-cr: a\rb', 'x-lf: a\nb', ' lead: 1', '\tlead: 1', 'x-quote: "a\\"b"', 'x-long: {{b*1200}}', 'x-del: \x7f', 'x-bell: \x07', 'x-{{c*200}}: 1', 'x-é: 1', 'x-colon:: 1', 'x-comma: ,,', 'x-fold: a\r\n b', 'x-fold: a\r\n\tb', '"x": 1', '{x}: 1', 'x-percent: %20%', 'x/a: 1'] as const;
const LENGTHS = ['+5', '-1', '5 ', '5,5', '5, 5', '5,6', '0x5', '05', '', ' ', '5abc', '99999999999999999999', '18446744073709551615', '5\t', '5;a'] as const;
const CODINGS = ['chunked', 'Chunked', 'CHUNKED', 'gzip, chunked', 'chunked, gzip', 'identity', 'chunked, chunked', ' chunked ', 'xchunked', '', 'gzip', 'chunked;a=b', '"chunked"', 'chunked,', ',chunked', 'identity, chunked'] as const;
const BODIES = ['hello', 'a', '{"k":"v"}', '{{z*300}}', 'two\r\nlines', '0\r\n\r\n'] as const;
const ODD_BYTES = ['\0', '\x01', ' ', '\t', '\r', '\n', '\r\n', ':', ',', ';', '"', '\\', '\x7f', '\x80', '\xff', '/', '%', '0', 'A', '\x0b', '\x0c', '\x85'] as const;

export interface Message {
  readonly text: string;
  /** A proxy may well find fault with it. */
  readonly odd: boolean;
}

const segment = (dice: Dice): string => dice.pick(SEGMENTS);

export const target = (dice: Dice): string => {
  const path = `/${dice.list(0, 3, () => segment(dice)).join('/')}`;
  const query = dice.chance(0.35) ? `?${dice.list(1, 3, () => `${dice.pick(QUERY_NAMES)}${dice.chance(0.8) ? `=${dice.pick(VALUES).replaceAll(' ', '+')}` : ''}`).join('&')}` : '';
  if (dice.chance(0.05)) return dice.pick(ODD_TARGETS);
  if (dice.chance(0.06)) return `${dice.pick(ABSOLUTE)}${dice.pick(HOSTS)}${dice.chance(0.8) ? path : ''}${query}`;
  return path + query;
};

const headerLines = (dice: Dice): string[] => [
  ...dice.list(0, 3, () => `${dice.pick(NAMES)}: ${dice.pick(VALUES)}`),
  ...(dice.chance(0.45) ? dice.list(1, 2, () => dice.pick(SPECIAL).join(': ')) : []),
  ...(dice.chance(0.08) ? [dice.pick(ODD_LINES)] : []),
];

const chunk = (dice: Dice, data: string): string => {
  const size = data.length.toString(16);
  const line = dice.chance(0.85) ? size : dice.pick([size.toUpperCase(), `0${size}`, `${size};a`, `${size};a=b`, `${size};a="b c"`, `${size} `, ` ${size}`, `${size};`, `+${size}`, `0x${size}`, `${size}\t;a`, 'g', 'fffffffffffffffff', '', '-1', `${size};a=b;c`]);
  return `${line}\r\n${data}\r\n`;
};

const TRAILERS = ['', '', '', '', 'x-t: trailer\r\n', 'X-T: one\r\nx-t: two\r\n', 'content-length: 5\r\n', 'host: x\r\n', 'bad\r\n', 'x-t:\r\n', 'x_t: 1\r\n', 'transfer-encoding: chunked\r\n', ' x-t: 1\r\n', 'x-t: a\0b\r\n', 'x@t: 1\r\n', ':path: /x\r\n'] as const;

export const chunked = (dice: Dice): string => {
  const chunks = dice.list(0, 3, () => chunk(dice, dice.pick(['a', 'hello', '0123456789abcdef', '{{y*300}}'.length > 0 ? 'yyyyyyyyyyyyyyyyyyyyyyyyyyyy' : ''])));
  const last = dice.chance(0.9) ? '0\r\n' : dice.pick(['00\r\n', '0;a\r\n', '000;a=b\r\n', '0 \r\n', '', '0\n']);
  return `${chunks.join('')}${last}${dice.pick(TRAILERS)}${dice.chance(0.95) ? '\r\n' : dice.pick(['', '\n', '\r'])}`;
};

interface Framed {
  readonly lines: readonly string[];
  readonly body: string;
}

const framing = (dice: Dice, method: string): Framed => {
  const bodiless = ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT'].includes(method);
  if (dice.chance(bodiless ? 0.9 : 0.1)) return { lines: [], body: '' };
  const body = dice.pick(BODIES);
  const length = body === '{{z*300}}' ? 300 : body.length;
  return dice.make<Framed>([
    () => ({ lines: [`content-length: ${length}`], body }),
    () => ({ lines: [`content-length: ${length}`], body }),
    () => ({ lines: ['transfer-encoding: chunked'], body: chunked(dice) }),
    () => ({ lines: ['transfer-encoding: chunked'], body: chunked(dice) }),
    () => ({ lines: ['transfer-encoding: chunked'], body: chunked(dice) }),
    () => ({ lines: [], body: '' }),
    () => oddFraming(dice, body, length),
  ]);
};

const oddFraming = (dice: Dice, body: string, length: number): Framed =>
  dice.make<Framed>([
    () => ({ lines: [`content-length: ${dice.pick(LENGTHS)}`], body: 'hello' }),
    () => ({ lines: [`transfer-encoding: ${dice.pick(CODINGS)}`], body: chunked(dice) }),
    () => ({ lines: [`content-length: ${length}`, 'transfer-encoding: chunked'], body: dice.chance(0.5) ? body : chunked(dice) }),
    () => ({ lines: [`content-length: ${length}`, `content-length: ${length + dice.below(2)}`], body }),
    () => ({ lines: ['transfer-encoding: chunked', `transfer-encoding: ${dice.pick(CODINGS.filter((coding) => coding !== ''))}`], body: chunked(dice) }),
    () => ({ lines: [`content-length: ${length + 3}`], body }),
    () => ({ lines: [`content-length: 0`], body: '' }),
  ]);

/** One change of one place. */
const mutate = (dice: Dice, text: string): string => {
  const at = dice.below(text.length);
  const lines = text.split('\r\n');
  return dice.make([
    () => text.slice(0, at) + dice.pick(ODD_BYTES) + text.slice(at),
    () => text.slice(0, at) + dice.pick(ODD_BYTES) + text.slice(at + 1),
    () => text.slice(0, at) + text.slice(at + 1),
    () => text.slice(0, at),
    () => text.replace('\r\n', dice.pick(['\n', '\r', '\r\r\n', '\n\r', '\r\n\r\n', ' \r\n'])),
    () => lines.map((line, index) => (index === dice.below(lines.length) ? `${line}\r\n${line}` : line)).join('\r\n'),
    () => dice.pick(['\r\n', '\n', '\r\n\r\n', ' ', '\r', '\0', '\r\n ']) + text,
    () => text.replaceAll('\r\n', '\n'),
    () => text.replace(' ', dice.pick(['  ', '\t', '', ' \r'])),
    () => text.toUpperCase(),
  ]);
};

/** Envoy answers as it does to the others, but changes a placeholder into another text. */
const isWhole = (text: string): boolean => !/\{\{(?!\w\*\d+\}\})|(?<!\{\{\w\*\d+)\}\}/.test(text);

const MUTATED = 0.12;

export const request = (dice: Dice): Message => {
  const method = dice.chance(0.85) ? dice.pick(METHODS.slice(0, 10)) : dice.pick(METHODS);
  const version = dice.chance(0.93) ? 'HTTP/1.1' : dice.pick(VERSIONS);
  const { lines, body } = framing(dice, method);
  const host = dice.chance(0.96) ? [`${dice.pick(['host', 'Host', 'host'])}: ${dice.chance(0.92) ? dice.pick(HOSTS) : dice.pick(['', 'a b', 'a/b', 'a@b', 'é', 'a:b', 'a:99999', '[::1', 'a,b', '%41', 'a_b', 'A..', '.', ':80', 'a"b', "a'b", 'a?b', 'a#b', 'a\\b'])}`] : [];
  const start = method === 'CONNECT' && dice.chance(0.8) ? `CONNECT ${dice.pick(HOSTS)} ${version}` : `${method} ${target(dice)} ${version}`;
  const text = [start, ...host, ...headerLines(dice), ...lines, '', body].join('\r\n');
  const mutated = dice.chance(MUTATED) ? mutate(dice, text) : text;
  return isWhole(mutated) ? { text: mutated, odd: mutated !== text } : { text, odd: false };
};
