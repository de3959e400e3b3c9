/** HTTP/2 on either side: what clients write in frames, and how upstreams answer in them. */

import { huntConfig } from './config.ts';
import type { Dice } from './dice.ts';
import { http1Client } from './exchange.ts';
import { logFormat } from './formats.ts';
import { target } from './requests.ts';
import { upstream } from './responses.ts';
import type { Scene } from './scenes.ts';
import { HOSTS, NAMES, VALUES } from './words.ts';

type Tree = Record<string, unknown>;
type Field = readonly [string, string];

const METHODS = ['GET', 'GET', 'POST', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'CONNECT', 'FOO', 'get', 'TRACE'] as const;
const SPECIAL: readonly Field[] = [
  ['te', 'trailers'], ['te', 'gzip'], ['te', 'trailers, gzip'], ['expect', '100-continue'], ['content-type', 'application/grpc'], ['content-type', 'application/grpc-web'], ['grpc-timeout', '50m'], ['cookie', 'a=1'], ['cookie', 'b=2'], ['x-forwarded-proto', 'https'], ['x-forwarded-for', '10.0.0.1'],
  ['x-envoy-upstream-rq-timeout-ms', '60'], ['x-request-id', 'mine'], ['via', '1.1 x'], ['host', 'second.org'], ['host', 'example.com'], ['trailer', 'x-t'], ['user-agent', 'me'], ['content-length', '5'], ['content-length', '0'], ['x-envoy-original-path', '/was'], ['upgrade', 'websocket'],
];
const ODD: readonly Field[] = [
  ['X-Upper', '1'], ['connection', 'close'], ['connection', 'keep-alive'], ['transfer-encoding', 'chunked'], ['keep-alive', '1'], ['proxy-connection', 'close'], ['upgrade', 'other'], ['x-nul', 'a\0b'], ['x-lf', 'a\nb'], ['x-sp', ' lead'], ['x-sp', 'trail '], ['x_u', '1'], ['', 'x'], ['x y', '1'],
  [':path', '/late'], [':unknown', '1'], [':status', '200'], ['content-length', 'abc'], ['content-length', '-1'], ['content-length', '99'], ['x-long', '{{b*1200}}'], ['x-obs', '\xe9'], ['x-del', '\x7f'], ['http2-settings', 'AAMAAABk'],
];
const TEXTS = ['hello', 'a', '', 'hello world', '{{z*300}}', '{{z*16000}}'] as const;
const CODES = [0, 1, 2, 5, 7, 8, 11, 13] as const;

const fields = (dice: Dice): Field[] => [
  ...dice.list(0, 2, (): Field => [dice.pick(NAMES), dice.pick(VALUES)]),
  ...(dice.chance(0.4) ? dice.list(1, 2, () => dice.pick(SPECIAL)) : []),
  ...(dice.chance(0.08) ? [dice.pick(ODD)] : []),
];

const trailers = (dice: Dice): Field[] => dice.list(1, 2, () => (dice.chance(0.85) ? ['x-t', dice.pick(VALUES)] as const : dice.pick([...ODD, ['te', 'trailers'], ['host', 'x']] as const)));

const data = (dice: Dice, id: number, end: boolean): Tree => ({ data: id, text: dice.pick(TEXTS), end });

const ended = (dice: Dice, id: number): Tree[] => (dice.chance(0.3) ? [data(dice, id, false), { trailers: id, fields: trailers(dice) }] : [...dice.list(0, 2, () => data(dice, id, false)), data(dice, id, true)]);

const pseudoless = (dice: Dice, id: number): Tree => {
  const all: readonly Field[] = [[':method', 'GET'], [':scheme', 'http'], [':path', '/a'], [':authority', 'a.com']];
  const left = all.filter(() => dice.chance(0.8));
  return { headers: id, raw: true, fields: [...left, ...(dice.chance(0.2) ? [dice.pick(all)] : []), ...fields(dice)], end: true };
};

const head = (dice: Dice, id: number, end: boolean): Tree => {
  const method = dice.pick(METHODS);
  const tunnel = method === 'CONNECT';
  if (tunnel && dice.chance(0.5)) return { headers: id, raw: true, fields: [[':method', 'CONNECT'], [':authority', dice.pick(HOSTS)], ...fields(dice)], end };
  if (tunnel) return { headers: id, raw: true, fields: [[':method', 'CONNECT'], [':protocol', dice.pick(['websocket', 'other'])], [':scheme', 'http'], [':path', '/a'], [':authority', dice.pick(HOSTS)], ...fields(dice)], end };
  return { headers: id, method, scheme: dice.pick(['http', 'http', 'https', 'ftp']), path: target(dice), authority: dice.pick(HOSTS), fields: fields(dice), end, ...(dice.chance(0.1) && { pieces: 3 }) };
};

/** The frames of one request. */
const request = (dice: Dice, id: number): Tree[] =>
  dice.make<Tree[]>([
    () => [head(dice, id, true)],
    () => [head(dice, id, true)],
    () => [head(dice, id, false), ...ended(dice, id)],
    () => [head(dice, id, false), ...ended(dice, id)],
    () => [head(dice, id, false), ...ended(dice, id)],
    () => [head(dice, id, false)],
    () => [head(dice, id, false), ...(dice.chance(0.5) ? [data(dice, id, false)] : [])],
    () => [pseudoless(dice, id)],
  ]);

const aside = (dice: Dice, id: number): Tree =>
  dice.make<Tree>([
    () => ({ ping: 'pingpong' }),
    () => ({ window: 0, by: dice.pick([1, 70_000]) }),
    () => ({ window: id, by: dice.pick([1, 10, 70_000]) }),
    () => ({ settings: { 4: dice.pick([20, 65_535]) } }),
    () => ({ priority: id + 100 }),
    () => ({ frame: [dice.pick([10, 200]), 0, dice.pick([0, id])], payload: 'unknown' }),
  ]);

const preface = (dice: Dice): unknown[] => {
  if (dice.chance(0.75)) return ['preface'];
  const settings = dice.some(0.4, { 1: () => dice.pick([0, 4096]), 2: () => 0, 3: () => dice.pick([1, 100]), 4: () => dice.pick([10, 100_000]), 5: () => 16_384, 6: () => dice.pick([100, 10_000]), 9: () => 1 });
  return ['bare-preface', { settings }, { frame: [4, 1, 0] }];
};

/** Frames in one write, or some of them later. */
const written = (dice: Dice, frames: readonly unknown[]): unknown[] => {
  if (frames.length < 2 || dice.chance(0.6)) return [{ h2: frames }];
  const at = 1 + dice.below(frames.length - 1);
  return [{ h2: frames.slice(0, at) }, { pause: 25 }, { h2: frames.slice(at) }];
};

const streams = (dice: Dice): unknown[] =>
  dice.list(1, 4, (index) => {
    const id = index * 2 + 1;
    const frames = [...(index === 0 ? preface(dice) : []), ...request(dice, id), ...(dice.chance(0.15) ? [aside(dice, id)] : [])];
    // Behind what it resets: what is answered and reset in one read, Envoy leaves unanswered.
    const reset = dice.chance(0.15) ? [{ pause: 25 }, { h2: [{ rst: id, code: dice.pick(CODES) }] }] : [];
    return [...written(dice, frames), ...reset, ...(dice.chance(0.8) ? [{ await: `stream ${id}` }] : []), { pause: 20 }];
  }).flat();

const end = (dice: Dice): unknown[] =>
  dice.chance(0.75) ? [] : dice.make<unknown[]>([() => [{ pause: 25 }, 'close'], () => [{ pause: 25 }, 'half-close'], () => [{ pause: 25 }, 'reset'], () => [{ h2: [{ goaway: 0 }] }], () => [{ pause: 10 }, { h2: [{ window: 0, by: 70_000 }, { window: 1, by: 70_000 }] }]]);

const RESPONSE: readonly Field[] = [
  ['x-up', '1'], ['content-type', 'text/plain'], ['server', 'theirs'], ['set-cookie', 'a=1'], ['set-cookie', 'b=2'], ['content-length', '5'], ['grpc-status', '5'], ['x-envoy-upstream-service-time', '9'], ['location', '/there'], ['x-envoy-overloaded', 'true'], ['trailer', 'x-t'], ['date', 'today'], ['via', '2 up'], ['x-envoy-immediate-health-check-fail', '1'],
];
const ODD_RESPONSE: readonly Field[] = [['connection', 'close'], ['X-Upper', '1'], ['transfer-encoding', 'chunked'], ['content-length', '99'], ['content-length', 'abc'], ['x-nul', 'a\0'], [':status', '204'], [':path', '/'], ['te', 'trailers'], ['upgrade', 'websocket'], ['x-long', '{{b*1200}}'], ['x y', '1'], ['x-sp', ' a'], ['host', 'x']];

const answerHead = (dice: Dice, last: boolean): Tree => ({
  headers: 1,
  status: dice.chance(0.95) ? dice.pick([200, 200, 200, 404, 503, 204, 304, 302]) : dice.pick([99, 600, 1000, 101, 0]),
  fields: [...dice.list(0, 2, () => dice.pick(RESPONSE)), ...(dice.chance(0.08) ? [dice.pick(ODD_RESPONSE)] : [])],
  end: last,
});

const answerTrailers = (dice: Dice): Tree => ({ trailers: 1, fields: dice.chance(0.85) ? [['x-t', dice.pick(VALUES)]] : [dice.pick([...ODD_RESPONSE, ['grpc-status', '5']] as const)] });

const answerAside = (dice: Dice): Tree =>
  dice.make<Tree>([
    () => ({ goaway: dice.pick([0, 1, 2_147_483_647]), code: dice.pick([0, 0, 2]) }),
    () => ({ rst: 1, code: dice.pick(CODES) }),
    () => ({ ping: 'upstream' }),
    () => ({ settings: { 3: dice.pick([0, 1, 100]) } }),
    () => ({ settings: { 4: dice.pick([0, 10, 65_535]) } }),
    () => ({ window: dice.pick([0, 1]), by: 5 }),
    () => ({ frame: [200, 0, 1], payload: 'x' }),
  ]);

const steps = (dice: Dice, frames: readonly Tree[]): unknown[] =>
  frames.flatMap((frame) => (dice.chance(0.25) ? [{ pause: dice.pick([2, 15]) }, { h2: [frame] }] : [{ h2: [frame] }]));

const answer = (dice: Dice): unknown[] => {
  const interim = dice.chance(0.08) ? [{ headers: 1, status: dice.pick([100, 103, 102]), fields: [['link', '</a>']], end: false }] : [];
  const body = dice.make<Tree[]>([
    () => [answerHead(dice, true)],
    () => [answerHead(dice, false), data(dice, 1, true)],
    () => [answerHead(dice, false), data(dice, 1, true)],
    () => [answerHead(dice, false), data(dice, 1, false), data(dice, 1, true)],
    () => [answerHead(dice, false), data(dice, 1, false), answerTrailers(dice)],
    () => [answerHead(dice, false), answerTrailers(dice)],
    () => [answerHead(dice, false), data(dice, 1, false)],
    () => [],
  ]);
  const frames = [...interim, ...body];
  if (dice.chance(0.2)) frames.splice(dice.below(frames.length + 1), 0, answerAside(dice));
  return [...steps(dice, frames), ...(dice.chance(0.08) ? [{ pause: 8 }, dice.pick(['close', 'half-close', 'reset'])] : [])];
};

const http2Upstream = (dice: Dice): object => {
  const settings = dice.some(0.1, { 1: () => 0, 3: () => dice.pick([0, 1, 100]), 4: () => dice.pick([0, 1, 10]), 5: () => 16_384, 8: () => 1 });
  const replies = dice.list(1, 3, (): unknown[] => (dice.chance(0.35) ? [{ status: 200, headers: { 'x-up': '1' }, body: 'ok' }] : answer(dice)));
  return { http2: Object.keys(settings).length === 0 ? true : { settings }, ...(dice.chance(0.25) && { when: 'head' }), replies };
};

const CODEC_OPTIONS = { max_concurrent_streams: (dice: Dice) => dice.pick([1, 2, 100]), initial_stream_window_size: () => 65_535, initial_connection_window_size: () => 65_535, allow_connect: () => true, override_stream_error_on_invalid_http_message: () => true } as const;

const codecOptions = (dice: Dice, probability: number): object =>
  dice.some(probability, Object.fromEntries(Object.entries(CODEC_OPTIONS).map(([name, make]) => [name, () => make(dice)])));

const overHttp2 = (dice: Dice): object => ({
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    explicit_http_config: { http2_protocol_options: codecOptions(dice, 0.15) },
    common_http_protocol_options: dice.some(0.1, { max_headers_count: () => dice.pick([3, 10]), max_requests_per_connection: () => 1, max_response_headers_kb: () => 1, idle_timeout: () => '0.05s', max_stream_duration: () => '0.06s' }),
  },
});

/** Bytes of heads are left out: how they are compressed is everybody's own affair. */
export const http2Scene = (dice: Dice): Scene => {
  const made = huntConfig(dice);
  const clusters = made.clusters as Readonly<Record<string, object>>;
  const speaks = { origin: dice.chance(0.6), second: dice.chance(0.5) };
  const hcm = { ...(made.hcm as object), ...(dice.chance(0.6) && { http2_protocol_options: codecOptions(dice, 0.25) }), ...(dice.chance(0.3) && { upgrade_configs: [{ upgrade_type: dice.pick(['websocket', 'CONNECT']) }] }) };
  const config = {
    ...made,
    hcm,
    log_format: logFormat(dice, false),
    clusters: Object.fromEntries(Object.entries(speaks).map(([name, http2]) => [name, http2 ? { ...clusters[name], typed_extension_protocol_options: overHttp2(dice) } : clusters[name]])),
  };
  const reply = (http2: boolean): object => (http2 ? http2Upstream(dice) : upstream(dice));
  const client = (): unknown[] => (dice.chance(0.75) ? [...streams(dice), ...end(dice)] : http1Client(dice));
  return { config, exchange: () => ({ upstreams: { origin: reply(speaks.origin), second: reply(speaks.second), dead: 'refuse' }, client: client() }) };
};
