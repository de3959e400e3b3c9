/** Messages in pieces with time between them: answers before the request has ended, interim answers, trailers, tunnels, ends in the middle. */

import type { Dice } from './dice.ts';
import type { RawCase } from './exchange.ts';
import type { Scene } from './scenes.ts';

const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const FILTERS = 'type.googleapis.com/envoy.extensions.filters.http';
/** Longer than an answer takes, so that who comes first does not depend on the machine. */
const LATER = { pause: 30 };
const LOG = '%REQ(:METHOD)% %PROTOCOL% %RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DOWNSTREAM_WIRE_BYTES_RECEIVED% %UPSTREAM_WIRE_BYTES_RECEIVED% %UPSTREAM_WIRE_BYTES_SENT% %CONNECTION_TERMINATION_DETAILS% %DOWNSTREAM_DETECTED_CLOSE_TYPE% %UPSTREAM_DETECTED_CLOSE_TYPE% %TRAILER(X-T)%\n';

const trailerOptions = (dice: Dice): object => dice.some(0.4, { enable_trailers: () => true });

const config = (dice: Dice): object => ({
  hcm: {
    http_protocol_options: { ...trailerOptions(dice), ...dice.some(0.3, { accept_http_10: () => true }) },
    ...dice.some(0.25, { proxy_100_continue: () => true, upgrade_configs: () => [{ upgrade_type: 'websocket' }], stream_error_on_invalid_http_message: () => true }),
  },
  listener: dice.some(0.2, { per_connection_buffer_limit_bytes: () => dice.pick([100, 1000]) }),
  http_filters: [
    ...(dice.chance(0.2) ? [{ name: 'buffer', typed_config: { '@type': `${FILTERS}.buffer.v3.Buffer`, max_request_bytes: dice.pick([4, 50, 1000]) } }] : []),
    { name: 'router', typed_config: { '@type': `${FILTERS}.router.v3.Router`, suppress_envoy_headers: true } },
  ],
  clusters: { origin: { typed_extension_protocol_options: { [HTTP_OPTIONS]: { '@type': `type.googleapis.com/${HTTP_OPTIONS}`, explicit_http_config: { http_protocol_options: trailerOptions(dice) } } } } },
  log_format: { json_format: null, text_format_source: { inline_string: LOG } },
  bootstrap: { layered_runtime: { layers: [{ name: 'flags', static_layer: { 'nuncio.http1.lenient_heads': true } }] }, stats_flush_on_admin: true },
});

/** At ends of lines and anywhere else. */
const pieces = (dice: Dice, text: string): string[] => {
  const ends = [...text.matchAll(/\r\n/g)].map(({ index }) => index + 2);
  const cuts = dice.list(0, 3, () => (dice.chance(0.5) ? dice.pick(ends) : dice.below(text.length))).sort((a, b) => a - b);
  return [0, ...cuts].map((from, index) => text.slice(from, cuts[index] ?? text.length)).filter((piece) => piece !== '');
};

const sends = (dice: Dice, text: string): unknown[] => pieces(dice, text).flatMap((send, index) => (index === 0 ? [{ send }] : [LATER, { send }]));

const BODIES = ['hello', 'h', 'x'.repeat(60), 'y'.repeat(1500)] as const;
const TRAILERS = ['', '', 'x-t: 1\r\n', 'x-t: 1\r\nx-u: 2\r\n', 'bad\r\n'] as const;

const chunks = (dice: Dice): string => `${dice.list(0, 2, () => dice.pick(BODIES)).map((text) => `${text.length.toString(16)}\r\n${text}\r\n`).join('')}0\r\n${dice.pick(TRAILERS)}\r\n`;

const framed = (dice: Dice): string => {
  const body = dice.pick(BODIES);
  return dice.chance(0.5) ? `content-length: ${body.length}\r\n\r\n${body}` : `transfer-encoding: chunked\r\n\r\n${chunks(dice)}`;
};

const request = (dice: Dice): string => {
  const version = dice.chance(0.9) ? '1.1' : '1.0';
  const head = (method: string): string => `${method} / HTTP/${version}\r\nhost: a\r\n${dice.pick(['', '', '', 'connection: close\r\n', 'connection: keep-alive\r\n'])}`;
  return dice.make([
    () => `${head('GET')}\r\n`,
    () => `${head('HEAD')}\r\n`,
    () => `${head('POST')}${framed(dice)}`,
    () => `${head('POST')}${framed(dice)}`,
    () => `${head('POST')}${framed(dice)}`,
    () => `${head('PUT')}expect: 100-continue\r\n${framed(dice)}`,
    () => `GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n${dice.pick(['', 'early'])}`,
  ]);
};

const client = (dice: Dice): unknown[] => {
  const texts = dice.list(1, 2, () => request(dice));
  const ends = dice.chance(0.2) ? [LATER, dice.pick(['half-close', 'close', 'reset'])] : [];
  if (dice.chance(0.2)) return [...sends(dice, texts.join('')), LATER, ...ends];
  const whole = texts.flatMap((text) => [...sends(dice, text), LATER]);
  return dice.chance(0.15) ? [...whole.slice(0, Math.max(1, whole.length - 2)), ...ends] : [...whole, ...ends];
};

const answer = (dice: Dice): string => {
  const status = dice.pick(['200 OK', '200 OK', '200 OK', '413 Too Large', '204 No Content', '304 Not Modified']);
  const head = `HTTP/1.${dice.chance(0.92) ? 1 : 0} ${status}\r\n${dice.pick(['', '', '', 'connection: close\r\n'])}`;
  if (/^[23]04/.test(status)) return `${head}\r\n`;
  return dice.chance(0.85) ? `${head}${framed(dice)}` : `${head}\r\nuntil the end`;
};

const UPGRADED = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nframes';

const reply = (dice: Dice): unknown[] => {
  const interim = dice.chance(0.2) ? [{ send: `HTTP/1.1 ${dice.pick(['100 Continue', '103 Early Hints'])}\r\n\r\n` }] : [];
  const text = dice.chance(0.1) ? UPGRADED : answer(dice);
  const written = dice.chance(0.5) ? [{ send: text }] : pieces(dice, text).flatMap((send, index) => (index === 0 ? [{ send }] : [{ pause: 12 }, { send }]));
  const ends = text.includes('until the end') || dice.chance(0.15) ? [{ pause: 12 }, dice.pick(['close', 'half-close', 'reset'])] : [];
  if (dice.chance(0.08)) return [dice.pick(['close', 'half-close', 'reset'])];
  return [...interim, ...(dice.chance(0.3) ? ['await-request'] : []), ...written, ...ends];
};

const exchange = (dice: Dice): RawCase => ({
  upstreams: { origin: { ...(dice.chance(0.7) && { when: 'head' }), replies: dice.list(1, 2, () => reply(dice)) } },
  client: client(dice),
});

export const piecesScene = (dice: Dice): Scene => ({ config: config(dice), exchange: () => exchange(dice) });
