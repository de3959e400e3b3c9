import type { RateLimit } from '../../api/generated/envoy/config/route/v3.ts';
import { RateLimit_XRateLimitOption as XRateLimitOption } from '../../api/generated/envoy/config/route/v3.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import type { Random } from '../../core/random.ts';
import { compileRuntimePercent, type RuntimeFraction } from '../matcher/runtime-fraction.ts';
import { type Action, compileAction } from './action.ts';
import type { Descriptor, DescriptorEntry, RateLimitedRequest } from './descriptor.ts';
import { compileHits, type Hits } from './hits.ts';

/** `rate_limits` of a virtual host, a route or a filter. */
export class RateLimitPolicy {
  readonly #limits: readonly Limit[];

  constructor(limits: readonly Limit[]) {
    this.#limits = limits;
  }

  /** Adds what the limits of a stage make of a request. */
  describe(request: RateLimitedRequest, stage: number, random: Random, descriptors: Descriptor[]): void {
    for (const limit of this.#limits) {
      if (limit.stage !== stage || limit.enabled?.includes(random.uint32()) === false) continue;
      const descriptor = describe(limit, request);
      if (descriptor !== undefined) descriptors.push(descriptor);
    }
  }
}

interface Limit {
  readonly stage: number;
  /** By `disable_key`; undefined = always. */
  readonly enabled: RuntimeFraction | undefined;
  readonly actions: readonly Action[];
  /** Undefined: one. */
  readonly hits: Hits | undefined;
  readonly tellsClient: boolean | undefined;
}

/** An action that finds nothing makes the whole descriptor void. */
function describe({ actions, hits, tellsClient }: Limit, request: RateLimitedRequest): Descriptor | undefined {
  const entries: DescriptorEntry[] = [];
  for (const action of actions) if (!action(request, entries)) return undefined;
  const count = hits === undefined ? 1 : hits(request);
  return count === undefined ? undefined : { entries, hits: count, tellsClient };
}

/** Those of a route or virtual host; undefined when there are none. */
export function compileRateLimits(messages: readonly RateLimit[], at: ConfigPath, context: CompileContext): RateLimitPolicy | undefined {
  if (messages.length === 0) return undefined;
  return new RateLimitPolicy(
    messages.map((message, index) => ({
      stage: message.stage ?? 0,
      enabled: message.disableKey === '' ? undefined : compileRuntimePercent(100, `ratelimit.${message.disableKey}.http_filter_enabled`, context.runtime),
      actions: compileActions(message, at.index(index), context),
      hits: undefined,
      tellsClient: TELLS_CLIENT[message.xRatelimitOption],
    })),
  );
}

/** Those of a filter itself, which know `hits_addend` but no stages; undefined when there are none. */
export function compileOwnRateLimits(messages: readonly RateLimit[], at: ConfigPath, context: CompileContext): RateLimitPolicy | undefined {
  if (messages.length === 0) return undefined;
  const limits: Limit[] = [];
  messages.forEach((message, index) => {
    const limitAt = at.index(index);
    if ((message.stage ?? 0) !== 0 || message.disableKey !== '') context.error(limitAt, "'stage' field and 'disable_key' field are not supported");
    if (message.limit !== undefined) context.error(limitAt.field('limit'), "'limit' field is not supported");
    const actions = compileActions(message, limitAt, context);
    const hits = compileHits(message.hitsAddend, limitAt.field('hits_addend'), context);
    // Those are for limits that are counted elsewhere when the stream is done.
    if (!message.applyOnStreamDone) limits.push({ stage: 0, enabled: undefined, actions, hits, tellsClient: TELLS_CLIENT[message.xRatelimitOption] });
  });
  return new RateLimitPolicy(limits);
}

function compileActions(message: RateLimit, at: ConfigPath, context: CompileContext): Action[] {
  const actions = message.actions.map((action, index) => compileAction(action, at.field('actions').index(index), context));
  return actions.filter((action) => action !== undefined);
}

const TELLS_CLIENT: Readonly<Record<XRateLimitOption, boolean | undefined>> = {
  [XRateLimitOption.UNSPECIFIED]: undefined,
  [XRateLimitOption.OFF]: false,
  [XRateLimitOption.DRAFT_VERSION_03]: true,
};
