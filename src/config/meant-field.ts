import type { DescMessage } from '@bufbuild/protobuf';
import { nearest } from '../core/did-you-mean.ts';

/** Fields of the API's second version that many files on the net still have, and what took their place. */
const FORMER_FIELDS: ReadonlyMap<string, string> = new Map([
  ['allow_origin', 'allow_origin_string_match'],
  ['allow_origin_regex', 'allow_origin_string_match'],
  ['config', 'typed_config'],
  ['extension_protocol_options', 'typed_extension_protocol_options'],
  ['hosts', 'load_assignment'],
  ['per_filter_config', 'typed_per_filter_config'],
  ['regex', 'safe_regex'],
  ['regex_match', 'safe_regex_match'],
  ['runtime', 'layered_runtime'],
  ['tls_context', 'transport_socket'],
]);

/** The field that somebody most likely meant who wrote `key`. */
export function meantField({ fields }: DescMessage, key: string): string | undefined {
  const former = FORMER_FIELDS.get(key);
  return former !== undefined && fields.some(({ name }) => name === former) ? former : nearest(key, fields.map(({ name }) => name));
}

/** The field that was meant, here or one level below, or those that there are. */
export function fieldRemedy({ fields }: DescMessage, key: string, meant: string | undefined): string {
  if (meant !== undefined) return ` (did you mean '${meant}'?)`;
  const holders = fields.filter(({ message, fieldKind }) => fieldKind === 'message' && message?.fields.some(({ name }) => name === key));
  if (holders.length === 1) return ` (did you mean '${holders[0]!.name}.${key}'?)`;
  return oneOf(fields.map(({ name }) => name));
}

export function oneOf(names: readonly string[]): string {
  return names.length === 0 || names.length > MOST_NAMES ? '' : ` (one of ${names.map((name) => `'${name}'`).join(', ')})`;
}

/** More than these are not read. */
const MOST_NAMES = 16;
