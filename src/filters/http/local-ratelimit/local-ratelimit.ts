import type { Clock } from '../../../core/clock.ts';
import { LocalProcessCounts } from '../../../core/process-counts.ts';
import type { ProcessTokenBucket } from '../../../core/process-token-bucket.ts';
import { CONTINUE, type FilterStatus, type FilterStream, type HttpFilter, STOP } from '../../../http/filter.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { headerName } from '../../../http/header-name.ts';
import type { Descriptor, RateLimitedRequest } from '../../../http/rate-limit/descriptor.ts';
import { type ConnectionInfo, ResponseFlag } from '../../../http/stream-info.ts';
import { type Decision, type FindCells, Limiter } from './limiter.ts';
import { LOCAL_RATE_LIMIT_STATS as STATS, type LocalRateLimitSettings } from './settings.ts';

const LIMIT = headerName('x-ratelimit-limit');
const REMAINING = headerName('x-ratelimit-remaining');
const RESET = headerName('x-ratelimit-reset');
const RETRY_AFTER = headerName('retry-after');

/** One configuration of the filter, its own or a route's, with the buckets that all threads share. */
export class LocalRateLimitRules {
  readonly settings: LocalRateLimitSettings;
  /** Asks route and virtual host, or its own list, for descriptors. */
  readonly hasDescriptors: boolean;
  readonly #clock: Clock;
  readonly #limiter: Limiter;

  constructor(settings: LocalRateLimitSettings, clock: Clock, findCells: FindCells) {
    this.settings = settings;
    this.hasDescriptors = settings.rateLimits !== undefined || settings.descriptors.length > 0;
    this.#clock = clock;
    this.#limiter = new Limiter(settings, clock, findCells);
  }

  /** A connection has one set of buckets, that of the rules which asked for it first. */
  limiterOf(connection: ConnectionInfo): Limiter {
    if (!this.settings.perConnection) return this.#limiter;
    let limiter = connectionLimiters.get(connection);
    if (limiter === undefined) {
      const counts = new LocalProcessCounts();
      limiter = new Limiter(this.settings, this.#clock, (name) => counts.cells(name));
      connectionLimiters.set(connection, limiter);
    }
    return limiter;
  }
}

/** What the answer to a request shows. */
interface Answer {
  /** Told of in `x-ratelimit-*`. */
  readonly shown: ProcessTokenBucket | undefined;
  readonly refused: boolean;
}

const connectionLimiters = new WeakMap<ConnectionInfo, Limiter>();

/** envoy.filters.http.local_ratelimit: lets requests through while there are tokens. */
export class LocalRateLimitFilter implements HttpFilter {
  readonly #rules: LocalRateLimitRules;

  constructor(rules: LocalRateLimitRules) {
    this.#rules = rules;
  }

  decodeHeaders(stream: FilterStream, headers: HeaderMap): FilterStatus {
    const rules = (stream.perRoute as LocalRateLimitRules | undefined) ?? this.#rules;
    const { settings } = rules;
    const { stats } = settings;
    if (settings.enabled?.includes(stream.random.uint32()) !== true) return CONTINUE;
    stats.inc(STATS.enabled);
    const limiter = rules.limiterOf(stream.info.connection);
    const decision = rules.hasDescriptors ? limiter.decideFor(descriptorsOf(stream, headers, settings)) : limiter.decide();
    const shown = (decision.tellsClient ?? settings.tellsClient) ? decision.bucket : undefined;
    if (shown !== undefined) stream.state = { shown, refused: false } satisfies Answer;
    if (decision.verdict === 'ok') {
      stats.inc(STATS.ok);
      return CONTINUE;
    }
    stats.inc(STATS.rate_limited);
    if (decision.verdict === 'shadow') {
      stats.inc(STATS.shadow_mode);
      return CONTINUE;
    }
    if (settings.enforced?.includes(stream.random.uint32()) !== true) {
      settings.requestHeadersWhenNotEnforced?.apply(headers, { info: stream.info, requestHeaders: headers, responseHeaders: undefined });
      return CONTINUE;
    }
    stats.inc(STATS.enforced);
    stream.state = { shown, refused: true } satisfies Answer;
    refuse(stream, settings, decision);
    return STOP;
  }

  encodeHeaders(stream: FilterStream, headers: HeaderMap): FilterStatus {
    const answer = stream.state as Answer | undefined;
    if (answer === undefined) return CONTINUE;
    // The rules of local replies have not seen the flag, access logs will.
    if (answer.refused) stream.info.setFlag(ResponseFlag.rateLimited);
    if (answer.shown !== undefined) tellOf(answer.shown, headers);
    return CONTINUE;
  }
}

function tellOf(bucket: ProcessTokenBucket, headers: HeaderMap): void {
  headers.add(LIMIT, String(bucket.maxTokens));
  headers.add(REMAINING, String(bucket.remaining));
  headers.add(RESET, String(Math.ceil(bucket.nextTokenSeconds)));
}

function refuse(stream: FilterStream, { status, grpcStatus, responseHeaders, retryAfter }: LocalRateLimitSettings, { bucket }: Decision): void {
  const { info, requestHeaders } = stream;
  stream.localReply({
    status,
    grpcStatus,
    body: 'local_rate_limited',
    details: 'local_rate_limited',
    headers: (headers) => {
      responseHeaders?.apply(headers, { info, requestHeaders, responseHeaders: headers });
      if (retryAfter && bucket !== undefined && !headers.has(RETRY_AFTER)) headers.add(RETRY_AFTER, String(Math.max(1, Math.ceil(bucket.nextTokenSeconds))));
    },
  });
}

function descriptorsOf(stream: FilterStream, headers: HeaderMap, { rateLimits, stage, virtualHostLimits }: LocalRateLimitSettings): readonly Descriptor[] {
  const { route, random } = stream;
  const forward = route?.kind === 'forward' ? route : undefined;
  const descriptors: Descriptor[] = [];
  const request: RateLimitedRequest = { headers, info: stream.info, route: forward };
  if (rateLimits !== undefined) {
    rateLimits.describe(request, stage, random, descriptors);
    return descriptors;
  }
  if (forward === undefined) return descriptors;
  forward.rateLimits?.describe(request, stage, random, descriptors);
  const includes = forward.includesVirtualHostRateLimits || virtualHostLimits === 'include';
  if (includes || (virtualHostLimits === 'override' && forward.rateLimits === undefined)) forward.virtualHost.rateLimits?.describe(request, stage, random, descriptors);
  return descriptors;
}
