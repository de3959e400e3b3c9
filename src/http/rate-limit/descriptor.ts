import type { HeaderMap } from '../header-map.ts';
import type { ForwardRoute } from '../route/route.ts';
import type { StreamInfo } from '../stream-info.ts';

/** What a rate limit counts by: the answer of its actions to a request. */
export interface Descriptor {
  readonly entries: readonly DescriptorEntry[];
  /** How much the request counts; negative gives back. */
  readonly hits: number;
  /** Whether the client is told of the limit in `x-ratelimit-*`; undefined = as the filter says. */
  readonly tellsClient: boolean | undefined;
}

export interface DescriptorEntry {
  readonly key: string;
  readonly value: string;
}

/** What actions look at. */
export interface RateLimitedRequest {
  readonly headers: HeaderMap;
  readonly info: StreamInfo;
  readonly route: ForwardRoute | undefined;
}

/** Entries as one text, for look-ups: the same for equal entries in equal order only. */
export function descriptorKey(entries: readonly DescriptorEntry[]): string {
  let text = '';
  for (const { key, value } of entries) text += `${key.length}:${key}${value.length}:${value}`;
  return text;
}
