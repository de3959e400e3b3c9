/** What each program says about a resource. */

/**
 * What a refusal is about: decoding and validation rules; a type that this Envoy was built without; what the configuration means;
 * the machine.
 */
export type Stage = 'schema' | 'type' | 'meaning' | 'surroundings';

export type EnvoyVerdict =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly stage: Stage; readonly message: string }
  /** It died: nothing to compare with. */
  | { readonly kind: 'crashed'; readonly message: string };

export type NuncioVerdict =
  | { readonly kind: 'judged'; readonly schema: readonly string[]; readonly problems: readonly string[] }
  | { readonly kind: 'crashed'; readonly message: string };

/** Decoding and validation rules, in the words in which Envoy reports them. */
const SCHEMA_SENTENCES = [
  /^Protobuf message \(type .* has unknown fields/,
  /^Unable to parse JSON as proto/,
  /^Unable to convert YAML as JSON/,
  /Proto constraint validation failed/,
  /^Using deprecated option/,
  /The v2 xDS major version is deprecated/,
  /^Unable to unpack as/,
  /^Invalid type URL/,
  /^Duplicate YAML key/i,
  /Illegal value for enum/,
];

/** Complaints about the machine, not about the configuration: files that are not here, features its kernel lacks. */
const SURROUNDINGS_SENTENCES = [
  /^Invalid path: /,
  /^paths must refer to an existing path in the system/,
  /file .* does not exist/i,
  /No such file or directory/,
  /unable to (?:read|open|load|stat) (?:the )?(?:file|database|path)/i,
  /^Failed to (?:open|load|read) .*(?:file|from|path)/i,
  /failed to (?:open|initialize|load).*dynamic (?:module|lib)/i,
  /Failed to load dynamic module/i,
  /cannot (?:open|load) .*file/i,
  /dlopen|cannot open shared object file/,
  /is not supported on this platform|not supported in this build|requires root|Operation not permitted|Permission denied/i,
  /cgroup/i,
  /wasm.*(?:Failed to load|Unable to create)/i,
];

const UNKNOWN_TYPE = /could not find @type/;

export const refusalStage = (message: string): Stage => {
  if (UNKNOWN_TYPE.test(message)) return 'type';
  if (SCHEMA_SENTENCES.some((sentence) => sentence.test(message))) return 'schema';
  return SURROUNDINGS_SENTENCES.some((sentence) => sentence.test(message)) ? 'surroundings' : 'meaning';
};

export type Cause = 'extension' | 'field' | 'bug';

/** What a problem of nuncio's about a configuration that Envoy takes comes from. */
export const causeOf = (problem: string): { readonly cause: Cause; readonly what: string } => {
  const extension = /Didn't find a registered .*implementation for (?:name: )?'([^']*)'(?: with type URL: '([^']*)')?/.exec(problem);
  if (extension !== null) return { cause: 'extension', what: extension[2] || extension[1]! };
  const place = /not supported: (clusters of type|the load balancing policy|the upstream transport socket|the DNS resolver) (\S+)/.exec(problem);
  if (place !== null) return { cause: 'extension', what: place[2]! };
  const field = /(?:^|: )not supported: ([^(]+)/.exec(problem);
  if (field !== null) return { cause: 'field', what: field[1]!.trim() };
  const sentence = /: ([^:]*(?:is|are) not supported[^:]*)$/.exec(problem);
  return sentence === null ? { cause: 'bug', what: problem } : { cause: 'field', what: sentence[1]! };
};
