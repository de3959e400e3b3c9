/** Texts with operators, for headers, bodies and access logs. Times and ids of connections are left out: they differ. */

import type { Dice } from './dice.ts';
import { NAMES, QUERY_NAMES } from './words.ts';

const PLAIN = [
  'PROTOCOL', 'RESPONSE_CODE', 'RESPONSE_CODE_DETAILS', 'CONNECTION_TERMINATION_DETAILS', 'RESPONSE_FLAGS', 'RESPONSE_FLAGS_LONG', 'BYTES_RECEIVED',
  'BYTES_SENT', 'ROUTE_NAME', 'VIRTUAL_CLUSTER_NAME', 'UPSTREAM_CLUSTER', 'UPSTREAM_CLUSTER_RAW', 'UPSTREAM_HOST', 'UPSTREAM_HOST_NAME', 'UPSTREAM_HOST_NAME_WITHOUT_PORT', 'UPSTREAM_REQUEST_ATTEMPT_COUNT',
  'UPSTREAM_TRANSPORT_FAILURE_REASON', 'UPSTREAM_PROTOCOL', 'UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT', 'UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT', 'REQUESTED_SERVER_NAME',
  'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT', 'DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT', 'DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT', 'DOWNSTREAM_LOCAL_PORT', 'DOWNSTREAM_LOCAL_ADDRESS',
  'GRPC_STATUS', 'GRPC_STATUS(SNAKE_STRING)', 'GRPC_STATUS_NUMBER', 'ACCESS_LOG_TYPE', 'FILTER_CHAIN_NAME', 'LISTENER_NAME', 'UPSTREAM_HOSTS_ATTEMPTED', 'UPSTREAM_HOST_NAMES_ATTEMPTED', 'UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT',
  'DOWNSTREAM_DETECTED_CLOSE_TYPE', 'DOWNSTREAM_LOCAL_CLOSE_REASON', 'UPSTREAM_DETECTED_CLOSE_TYPE', 'UPSTREAM_LOCAL_CLOSE_REASON',
  'PATH(WQ)', 'PATH(NQ)', 'PATH(WQ:ORIG)', 'PATH(NQ:PATH)', 'PATH(NQ:ORIG_OR_PATH)', 'QUERY_PARAMS(ORIG)', 'QUERY_PARAMS(DECODED)', 'DOWNSTREAM_TRANSPORT_FAILURE_REASON',
  'METADATA(ROUTE:ns:key)', 'METADATA(VIRTUAL_HOST:ns:key)', 'METADATA(CLUSTER:ns:key)', 'CLUSTER_METADATA(ns)', 'DYNAMIC_METADATA(ns)', 'DYNAMIC_METADATA(ns:key:deep)', 'FILTER_STATE(state:PLAIN)', 'FILTER_STATE(state)', 'UPSTREAM_METADATA(ns:key)',
] as const;
/** The time that an upstream took has one digit or two, so that these are steady only where nobody writes it. */
const BYTES = [
  'REQUEST_HEADERS_BYTES', 'RESPONSE_HEADERS_BYTES', 'RESPONSE_TRAILERS_BYTES', 'DOWNSTREAM_WIRE_BYTES_SENT',
  'DOWNSTREAM_HEADER_BYTES_SENT', 'UPSTREAM_WIRE_BYTES_SENT', 'UPSTREAM_HEADER_BYTES_SENT', 'UPSTREAM_WIRE_BYTES_RECEIVED', 'UPSTREAM_HEADER_BYTES_RECEIVED',
] as const;
const OF_HEADERS = ['REQ', 'REQUEST_HEADER', 'RESP', 'RESPONSE_HEADER', 'TRAILER', 'RESPONSE_TRAILER'] as const;
const PSEUDO = [':METHOD', ':PATH', ':AUTHORITY', ':SCHEME', ':STATUS', 'HOST'] as const;
const RESPONSE_NAMES = ['server', 'location', 'content-length', 'x-t', 'x-up', 'set-cookie', 'grpc-status'] as const;

const headerOperator = (dice: Dice): string => {
  const name = (): string => dice.pick(dice.make<readonly string[]>([() => NAMES, () => PSEUDO, () => RESPONSE_NAMES])).toUpperCase();
  const alternative = dice.chance(0.2) ? `?${name()}` : '';
  return `%${dice.pick(OF_HEADERS)}(${name()}${alternative})${dice.chance(0.2) ? `:${dice.below(6)}` : ''}%`;
};

export const operator = (dice: Dice): string =>
  dice.make([
    () => `%${dice.pick(PLAIN)}%`,
    () => `%${dice.pick(PLAIN)}%`,
    () => headerOperator(dice),
    () => `%QUERY_PARAM(${dice.pick(QUERY_NAMES.filter((name) => /^\w+$/.test(name)))})${dice.chance(0.3) ? ':2' : ''}%`,
  ]);

/** A short text, mostly with an operator or two. */
export const formatted = (dice: Dice): string =>
  dice.make([() => dice.pick(['plain', 'two words', '100%%', 'a,b']), () => operator(dice), () => `[${operator(dice)}]`, () => `${operator(dice)}|${operator(dice)}`]);

/** Of the same, with the operators that only an access log has. */
const logged = (dice: Dice, bytes: boolean): string => (bytes && dice.chance(0.25) ? `%${dice.pick(BYTES)}%` : formatted(dice));

export const logFormat = (dice: Dice, bytes: boolean): object => {
  const texts = dice.list(3, 12, () => logged(dice, bytes));
  if (dice.chance(0.4)) return { text_format_source: { inline_string: `${texts.join(' ')}\n` }, json_format: null, ...(dice.chance(0.3) && { omit_empty_values: true }) };
  return { json_format: Object.fromEntries(texts.map((text, index) => [`v${index}`, text])), ...(dice.chance(0.3) && { omit_empty_values: true }) };
};
