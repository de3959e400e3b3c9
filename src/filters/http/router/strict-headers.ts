import type { HeaderMap } from '../../../http/header-map.ts';
import { H, type HeaderName } from '../../../http/header-name.ts';

const RETRY_ON = new Set(
  `5xx gateway-error reset reset-before-request connect-failure envoy-ratelimited retriable-4xx refused-stream retriable-status-codes
  retriable-headers http3-post-connect-failure`.split(/\s+/),
);
const RETRY_GRPC_ON = new Set(['cancelled', 'deadline-exceeded', 'internal', 'resource-exhausted', 'unavailable']);

/** One header of `strict_check_headers`. */
export interface StrictHeader {
  readonly text: string;
  readonly name: HeaderName;
  readonly isValid: (value: string) => boolean;
}

const KNOWN: readonly StrictHeader[] = [
  { text: 'x-envoy-upstream-rq-timeout-ms', name: H.envoyUpstreamRqTimeoutMs, isValid: isInteger },
  { text: 'x-envoy-upstream-rq-per-try-timeout-ms', name: H.envoyUpstreamRqPerTryTimeoutMs, isValid: isInteger },
  { text: 'x-envoy-max-retries', name: H.envoyMaxRetries, isValid: isInteger },
  { text: 'x-envoy-retry-on', name: H.envoyRetryOn, isValid: (value) => isListOf(RETRY_ON, value) },
  { text: 'x-envoy-retry-grpc-on', name: H.envoyRetryGrpcOn, isValid: (value) => isListOf(RETRY_GRPC_ON, value) },
];

/** Undefined: nothing is checked. The names have been validated. */
export function compileStrictHeaders(names: readonly string[]): readonly StrictHeader[] | undefined {
  if (names.length === 0) return undefined;
  return names.map((name) => KNOWN.find(({ text }) => text === name.toLowerCase())).filter((header) => header !== undefined);
}

/** The first header whose value is none. */
export function findInvalid(strict: readonly StrictHeader[], headers: HeaderMap): { readonly text: string; readonly value: string } | undefined {
  for (const { text, name, isValid } of strict) {
    const value = headers.get(name);
    if (value !== undefined && !isValid(value)) return { text, value };
  }
  return undefined;
}

function isInteger(value: string): boolean {
  return /^\s*\+?\d{1,20}\s*$/.test(value) && BigInt(value.trim().replace('+', '')) < 2n ** 64n;
}

function isListOf(names: ReadonlySet<string>, value: string): boolean {
  return value.split(',').every((part) => part.trim() === '' || names.has(part.trim()));
}
