import { type LocalRateLimitDescriptor, VhRateLimitsOptions, XRateLimitHeadersRFCVersion } from '../../../api/generated/envoy/extensions/common/ratelimit/v3.ts';
import type { LocalRateLimit } from '../../../api/generated/envoy/extensions/filters/http/local_ratelimit/v3.ts';
import type { TokenBucket } from '../../../api/generated/envoy/type/v3.ts';
import { durationMs } from '../../../core/durations.ts';
import type { CompileContext } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import type { ProcessTokenBucketOptions } from '../../../core/process-token-bucket.ts';
import { defineStats, type StatGroup } from '../../../core/stats/stats.ts';
import { wireText } from '../../../core/wire-text.ts';
import { compileHeaderMutation } from '../../../http/header-mutation.ts';
import { CLUSTERS } from '../../../http/http-services.ts';
import { compileRuntimeFraction, type RuntimeFraction } from '../../../http/matcher/runtime-fraction.ts';
import { type DescriptorEntry, descriptorKey } from '../../../http/rate-limit/descriptor.ts';
import { compileOwnRateLimits, type RateLimitPolicy } from '../../../http/rate-limit/policy.ts';
import type { HeaderMutation } from '../../../http/route/route.ts';

export const LOCAL_RATE_LIMIT_STATS = defineStats({ counters: ['enabled', 'enforced', 'ok', 'rate_limited', 'shadow_mode'] });

/** Buckets for values that requests bring, of one descriptor; each takes three places of the memory that threads share. */
export const MAX_DYNAMIC_DESCRIPTORS = 2000;
const DEFAULT_MAX_DYNAMIC_DESCRIPTORS = 20;
/** Envoy's smallest fill interval. */
const MIN_FILL_INTERVAL_MS = 50;
const TOO_MANY_REQUESTS = 429;
const RESOURCE_EXHAUSTED = 8;

/** envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit, compiled. */
export interface LocalRateLimitSettings extends LimiterSettings {
  readonly stats: StatGroup;
  /** Undefined: never. */
  readonly enabled: RuntimeFraction | undefined;
  readonly enforced: RuntimeFraction | undefined;
  readonly status: number;
  readonly grpcStatus: number | undefined;
  readonly responseHeaders: HeaderMutation | undefined;
  readonly requestHeadersWhenNotEnforced: HeaderMutation | undefined;
  readonly perConnection: boolean;
  /** `x-ratelimit-*`, where a descriptor does not say. */
  readonly tellsClient: boolean;
  readonly retryAfter: boolean;
  /** The filter's own, in place of those of routes. */
  readonly rateLimits: RateLimitPolicy | undefined;
  readonly stage: number;
  readonly virtualHostLimits: 'override' | 'include' | 'ignore';
}

export interface LimiterSettings {
  /** Undefined: no limit but those of descriptors. */
  readonly bucket: ProcessTokenBucketOptions | undefined;
  readonly descriptors: readonly DescriptorLimit[];
  readonly alwaysTakesDefault: boolean;
  /** How many proxies share the tokens, and so how many a request takes; undefined: nobody else does. */
  readonly sharers: (() => number) | undefined;
  readonly maxDynamicDescriptors: number;
}

export interface DescriptorLimit {
  readonly entries: readonly DescriptorEntry[];
  readonly bucket: ProcessTokenBucketOptions;
  /** Some value is left open: there is a bucket for each that comes. */
  readonly isDynamic: boolean;
  readonly shadow: boolean;
}

export function compileSettings(message: LocalRateLimit, at: ConfigPath, context: CompileContext): LocalRateLimitSettings {
  const { filterEnabled, filterEnforced } = message;
  const status = message.status?.code ?? TOO_MANY_REQUESTS;
  return {
    bucket: message.tokenBucket && compileBucket(message.tokenBucket, at.field('token_bucket'), 'token bucket', context),
    descriptors: compileDescriptors(message.descriptors, at.field('descriptors'), context),
    sharers: compileSharers(message, at, context),
    alwaysTakesDefault: message.alwaysConsumeDefaultTokenBucket ?? true,
    maxDynamicDescriptors: maxDynamicDescriptors(message, at, context),
    stats: context.stats.group(`${message.statPrefix}.http_local_rate_limit`, LOCAL_RATE_LIMIT_STATS),
    enabled: filterEnabled && compileRuntimeFraction(filterEnabled, context.runtime),
    enforced: filterEnforced && compileRuntimeFraction(filterEnforced, context.runtime),
    status: status < 400 ? TOO_MANY_REQUESTS : status,
    grpcStatus: message.rateLimitedAsResourceExhausted ? RESOURCE_EXHAUSTED : undefined,
    responseHeaders: additions(message.responseHeadersToAdd, at.field('response_headers_to_add'), context),
    requestHeadersWhenNotEnforced: additions(message.requestHeadersToAddWhenNotEnforced, at.field('request_headers_to_add_when_not_enforced'), context),
    perConnection: message.localRateLimitPerDownstreamConnection,
    tellsClient: message.enableXRatelimitHeaders === XRateLimitHeadersRFCVersion.DRAFT_VERSION_03,
    retryAfter: message.enableRetryAfterHeader,
    rateLimits: compileOwnRateLimits(message.rateLimits, at.field('rate_limits'), context),
    stage: message.stage,
    virtualHostLimits: VIRTUAL_HOST_LIMITS[message.vhRateLimits],
  };
}

const VIRTUAL_HOST_LIMITS: Readonly<Record<VhRateLimitsOptions, LocalRateLimitSettings['virtualHostLimits']>> = {
  [VhRateLimitsOptions.OVERRIDE]: 'override',
  [VhRateLimitsOptions.INCLUDE]: 'include',
  [VhRateLimitsOptions.IGNORE]: 'ignore',
};

/** The hosts of the cluster that this proxy is one of, each with the same share. */
function compileSharers(message: LocalRateLimit, at: ConfigPath, context: CompileContext): LimiterSettings['sharers'] {
  if (message.localClusterRateLimit === undefined) return undefined;
  if (message.localRateLimitPerDownstreamConnection) {
    context.error(at, 'local_cluster_rate_limit is set and local_rate_limit_per_downstream_connection is set to true');
  }
  const { localCluster = '' } = context.node;
  if (localCluster === '') context.error(at.field('local_cluster_rate_limit'), 'local_cluster_rate_limit is set but no local cluster name is present');
  const clusters = context.service(CLUSTERS);
  return () => Math.max(1, clusters.get(localCluster)?.membership().total ?? 1);
}

function maxDynamicDescriptors({ maxDynamicDescriptors: max }: LocalRateLimit, at: ConfigPath, context: CompileContext): number {
  if (max !== undefined && max > MAX_DYNAMIC_DESCRIPTORS) {
    context.error(at.field('max_dynamic_descriptors'), `not supported: more than ${MAX_DYNAMIC_DESCRIPTORS}, which would crowd what threads share`);
  }
  return max ?? DEFAULT_MAX_DYNAMIC_DESCRIPTORS;
}

function compileBucket(message: TokenBucket, at: ConfigPath, what: string, context: CompileContext): ProcessTokenBucketOptions {
  const fillIntervalMs = durationMs(message.fillInterval) ?? 0;
  if (fillIntervalMs < MIN_FILL_INTERVAL_MS) context.error(at, `local rate limit ${what} fill timer must be >= 50ms`);
  return { maxTokens: message.maxTokens, tokensPerFill: message.tokensPerFill ?? 1, fillIntervalMs };
}

function compileDescriptors(messages: readonly LocalRateLimitDescriptor[], at: ConfigPath, context: CompileContext): DescriptorLimit[] {
  const known = new Set<string>();
  return messages.map((message, index) => {
    const entries = message.entries.map(({ key, value }) => ({ key: wireText(key), value: wireText(value) }));
    const key = descriptorKey(entries);
    if (known.has(key)) {
      const text = message.entries.map((entry) => `${entry.key}=${entry.value}`).join(', ');
      context.error(at.index(index), `duplicate descriptor in the local rate descriptor: ${text}`);
    }
    known.add(key);
    return {
      entries,
      bucket: compileBucket(message.tokenBucket!, at.index(index).field('token_bucket'), 'descriptor token bucket', context),
      isDynamic: entries.some(({ value }) => value === ''),
      shadow: message.shadowMode,
    };
  });
}

function additions(add: LocalRateLimit['responseHeadersToAdd'], at: ConfigPath, context: CompileContext): HeaderMutation | undefined {
  return compileHeaderMutation({ add, addAt: at, remove: [], removeAt: at }, context);
}
