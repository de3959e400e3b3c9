/** Compressors and decompressors in one chain, what clients accept and what upstreams answer. */

import type { Dice } from './dice.ts';
import { stringMatch } from './matchers.ts';
import type { RawCase } from './exchange.ts';
import type { Scene } from './scenes.ts';

type Tree = Record<string, unknown>;

const FILTERS = 'type.googleapis.com/envoy.extensions.filters.http';
const LIBRARIES = 'type.googleapis.com/envoy.extensions.compression';
const ROUTER = { name: 'router', typed_config: { '@type': `${FILTERS}.router.v3.Router` } };
/** `hello hello hello` by gzip. */
const ZIPPED = '\x1f\x8b\x08\0\0\0\0\0\x02\x03\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x90\0\x80\x88\xf9\xe5\x11\0\0\0';
/** What a library has written is its own affair. */
const COMPRESSED = { name: 'compressed', match: String.raw`\r\n\r\n[0-9a-f]+\r\n[\s\S]*[^\x09-\x7e][\s\S]*?(?=\r\n0\r\n)`, to: '\r\n\r\n{{compressed}}' };
const LOG = '%REQ(:METHOD)% %RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS% %BYTES_RECEIVED% %REQ(ACCEPT-ENCODING)% %REQ(CONTENT-ENCODING)% %RESP(CONTENT-ENCODING)% %RESP(CONTENT-LENGTH)% %RESP(ETAG)% %RESP(VARY)%\n';

const TYPES = ['text/plain', 'text/html; charset=utf-8', 'TEXT/PLAIN', 'application/json', 'image/png', 'application/grpc', 'text/own', '', ' text/html ;a', 'text/plain,text/html'] as const;
const CODINGS = ['gzip', 'gzip', 'br', 'zstd', 'deflate', 'identity', '*', 'GZIP', 'x-gzip', '', 'gzip gzip'] as const;
const WEIGHTS = ['', '', '', ';q=0', ';q=0.0', ';q=0.5', ';q=1', ';q=1.0', ';q=0.001', ';q=2', ';q=-1', ';q=abc', ';q=', ';q', ' ; q=0.5', ';Q=0.3', ';q =0.4', ';q= 0.6', ';x=1;q=0.7', ';q=0.7;x=1', ';q=1e-1', ';q=.5', ';q="0"'] as const;
const ETAGS = ['"abc"', 'W/"abc"', 'w/"abc"', 'abc', '', '""', '"a", "b"'] as const;
const VARY = ['origin', 'accept-encoding', 'Accept-Encoding', 'origin, Accept-Encoding', 'x-accept-encoding', '*', ''] as const;
const CONTROLS = ['no-transform', 'public, no-transform', 'NO-TRANSFORM', 'x-no-transform', 'max-age=1', 'no-transform=1'] as const;
const ENCODINGS = ['gzip', 'br', 'identity', '', 'GZIP', 'gzip, br', 'br, gzip', 'gzip,', ', gzip', 'gzip, gzip', 'zstd'] as const;
const RUNTIME = { 'on.yes': true, 'on.no': false } as const;

const enabled = (dice: Dice): object => ({ default_value: dice.chance(0.6), runtime_key: dice.pick([...Object.keys(RUNTIME), 'on.unknown']) });

const common = (dice: Dice): object =>
  dice.some(0.3, {
    enabled: () => enabled(dice),
    min_content_length: () => dice.pick([0, 1, 5, 17, 100]),
    content_type: () => dice.list(1, 3, () => dice.pick(['text/plain', 'text/own', 'TEXT/HTML', 'image/png'])),
    content_type_matcher: () => [dice.pick([{ prefix: 'text/' }, { exact: 'TEXT/OWN', ignore_case: true }, { safe_regex: { regex: 'image/.*' } }, stringMatch(dice)])],
  });

const response = (dice: Dice): object => ({
  common_config: common(dice),
  ...dice.some(0.2, {
    disable_on_etag_header: () => dice.chance(0.7),
    weaken_etag_on_compress: () => dice.chance(0.7),
    remove_accept_encoding_header: () => dice.chance(0.7),
    uncompressible_response_codes: () => dice.pick([[206], [200, 404]]),
    status_header_enabled: () => dice.chance(0.8),
  }),
});

const library = (dice: Dice, kind: 'compressor' | 'decompressor', coding: string): object => {
  const type = { gzip: 'Gzip', br: 'Brotli', zstd: 'Zstd' }[coding]!;
  return { name: coding, typed_config: { '@type': `${LIBRARIES}.${type === 'Brotli' ? 'brotli' : coding}.${kind}.v3.${type}` } };
};

const compressor = (dice: Dice, name: string): object => ({
  name,
  ...(dice.chance(0.05) && { disabled: true }),
  typed_config: {
    '@type': `${FILTERS}.compressor.v3.Compressor`,
    compressor_library: library(dice, 'compressor', dice.pick(['gzip', 'gzip', 'br', 'zstd'])),
    ...(dice.chance(0.75) && { response_direction_config: response(dice) }),
    ...(dice.chance(0.25) && { request_direction_config: { common_config: common(dice) } }),
    ...(dice.chance(0.2) && { choose_first: true }),
  },
});

const decompressor = (dice: Dice, name: string): object => {
  const direction = (): object => ({ common_config: dice.some(0.4, { enabled: () => enabled(dice), ignore_no_transform_header: () => dice.chance(0.7) }) });
  return {
    name,
    typed_config: {
      '@type': `${FILTERS}.decompressor.v3.Decompressor`,
      decompressor_library: library(dice, 'decompressor', dice.pick(['gzip', 'gzip', 'br', 'zstd'])),
      ...(dice.chance(0.4) && { request_direction_config: { ...direction(), ...(dice.chance(0.5) && { advertise_accept_encoding: dice.chance(0.7) }) } }),
      ...(dice.chance(0.4) && { response_direction_config: direction() }),
    },
  };
};

const ofRoute = (dice: Dice, names: readonly string[]): object => {
  const type = `${FILTERS}.compressor.v3.CompressorPerRoute`;
  const chosen = names.filter(() => dice.chance(0.4));
  const override = (): object =>
    dice.make<object>([
      () => ({ '@type': type, disabled: true }),
      () => ({ '@type': type, overrides: { response_direction_config: dice.some(0.6, { remove_accept_encoding_header: () => dice.chance(0.6) }) } }),
      () => ({ '@type': type, overrides: { compressor_library: library(dice, 'compressor', dice.pick(['gzip', 'br'])) } }),
      () => ({ '@type': 'type.googleapis.com/envoy.config.route.v3.FilterConfig', disabled: true }),
    ]);
  return chosen.length === 0 ? {} : { typed_per_filter_config: Object.fromEntries(chosen.map((name) => [name, override()])) };
};

const acceptEncoding = (dice: Dice): string => dice.list(1, 3, () => `${dice.pick(CODINGS)}${dice.pick(WEIGHTS)}`).join(dice.pick([', ', ',', ' ,', ', ,']));

const line = (dice: Dice, probability: number, name: string, values: readonly string[]): string[] => (dice.chance(probability) ? [`${name}: ${dice.pick(values)}`] : []);

interface Framed {
  readonly lines: readonly string[];
  readonly body: string;
}

/** `zipped`: what breaks where it is unpacked is a difference that is kept. */
const framed = (dice: Dice, zipped: boolean): Framed => {
  const text = zipped ? ZIPPED : dice.pick(['hello', '', 'hello hello hello hello hello hello hello', 'a'.repeat(120)]);
  const half = text.length >> 1;
  const chunks = half === 0 ? '' : [text.slice(0, half), text.slice(half)].map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('');
  const chunked: Framed = { lines: ['transfer-encoding: chunked'], body: `${chunks}0\r\n${dice.pick(['', '', 'x-t: 1\r\n'])}\r\n` };
  return dice.chance(0.6) ? { lines: [`content-length: ${text.length}`], body: text } : chunked;
};

const entity = (dice: Dice): Framed => {
  const encoding = line(dice, 0.35, 'content-encoding', ENCODINGS);
  const { lines, body } = framed(dice, encoding.length > 0);
  return { lines: [...encoding, ...line(dice, 0.7, 'content-type', TYPES), ...line(dice, 0.12, 'cache-control', CONTROLS), ...lines], body };
};

const request = (dice: Dice): string => {
  const method = dice.pick(['GET', 'GET', 'GET', 'HEAD', 'POST', 'POST']);
  const sent: Framed = method === 'POST' ? entity(dice) : { lines: [], body: '' };
  const accepted = dice.chance(0.85) ? dice.list(1, dice.chance(0.1) ? 2 : 1, () => `accept-encoding: ${acceptEncoding(dice)}`) : [];
  return [`${method} ${dice.pick(['/', '/a', '/direct', '/none'])} HTTP/1.1`, 'host: example.com', ...accepted, ...sent.lines, '', sent.body].join('\r\n');
};

const answer = (dice: Dice): object[] => {
  const status = dice.pick(['200 OK', '200 OK', '200 OK', '200 OK', '206 Partial Content', '404 Not Found', '204 No Content', '304 Not Modified']);
  const bodiless = /^[23]04/.test(status);
  const { lines, body } = entity(dice);
  const head = [`HTTP/1.1 ${status}`, ...line(dice, 0.3, 'etag', ETAGS), ...line(dice, 0.2, 'vary', VARY), ...line(dice, 0.05, 'vary', VARY), ...(bodiless ? lines.filter((one) => !/^(content-length|transfer)/.test(one)) : lines)];
  return [{ send: [...head, '', bodiless ? '' : body].join('\r\n') }];
};

const exchange = (dice: Dice): RawCase => ({
  mask: [COMPRESSED],
  upstreams: { origin: { replies: dice.list(2, 3, () => answer(dice)) } },
  client: dice.list(1, 3, () => [{ send: request(dice) }, { await: 'response' }]).flat(),
});

export const compressionScene = (dice: Dice): Scene => {
  const names = dice.list(1, 3, (index) => `c${index}`);
  const filters = [...names.map((name) => compressor(dice, name)), ...dice.list(0, 2, (index) => decompressor(dice, `d${index}`))].sort(() => dice.unit() - 0.5);
  const routes: Tree[] = [
    { match: { path: '/direct' }, direct_response: { status: 200, body: { inline_string: 'hello hello hello hello hello hello hello' } }, ...ofRoute(dice, names) },
    { match: { prefix: '/a' }, route: { cluster: 'origin' }, ...ofRoute(dice, names) },
    { match: { path: '/' }, route: { cluster: 'origin' } },
  ];
  const config = {
    hcm: { ...(dice.chance(0.3) && { http_protocol_options: { enable_trailers: true } }) },
    routes,
    virtual_host: dice.chance(0.2) ? ofRoute(dice, names) : {},
    http_filters: [...filters, ROUTER],
    log_format: { json_format: null, text_format_source: { inline_string: LOG } },
    bootstrap: { layered_runtime: { layers: [{ name: 'flags', static_layer: RUNTIME }] }, stats_flush_on_admin: true },
  };
  return { config, exchange: () => exchange(dice) };
};
