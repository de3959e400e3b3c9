import type { HTTPFault } from '../../../api/generated/envoy/extensions/filters/http/fault/v3.ts';
import { durationMs } from '../../../core/durations.ts';
import type { CompileContext } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import { wireText } from '../../../core/wire-text.ts';
import { compileHeaderMatcher, type HeaderMatcher } from '../../../http/matcher/header-matcher.ts';
import { type Share, shareOf } from '../../../http/matcher/runtime-fraction.ts';

/** envoy.extensions.filters.http.fault.v3.HTTPFault, compiled. */
export interface FaultSettings {
  readonly upstreamCluster: string;
  readonly headers: readonly HeaderMatcher[];
  readonly downstreamNodes: ReadonlySet<string>;
  readonly maxActiveFaults: number;
  /** `fromHeader`: the request says how long, how fast, which status. */
  readonly delay: { readonly ms: number; readonly fromHeader: boolean; readonly share: Share } | undefined;
  readonly abort: AbortSettings | undefined;
  readonly rateLimit: { readonly kbps: number; readonly fromHeader: boolean; readonly share: Share } | undefined;
  readonly keys: RuntimeKeys;
  readonly disableDownstreamClusterStats: boolean;
  readonly metadata: Record<string, unknown> | undefined;
}

export interface AbortSettings {
  readonly httpStatus: number | undefined;
  readonly grpcStatus: number | undefined;
  readonly fromHeader: boolean;
  readonly share: Share;
  readonly body: string;
}

export interface RuntimeKeys {
  readonly delayPercent: string;
  readonly abortPercent: string;
  readonly delayDuration: string;
  readonly abortHttpStatus: string;
  readonly abortGrpcStatus: string;
  readonly maxActiveFaults: string;
  readonly rateLimitPercent: string;
}

export function compileFaultSettings(message: HTTPFault, at: ConfigPath, context: CompileContext): FaultSettings {
  const matchers = message.headers.map((header, index) => compileHeaderMatcher(header, at.field('headers').index(index), context));
  return {
    upstreamCluster: message.upstreamCluster,
    headers: matchers.filter((matcher) => matcher !== undefined),
    downstreamNodes: new Set(message.downstreamNodes),
    maxActiveFaults: message.maxActiveFaults ?? Infinity,
    delay: compileDelay(message),
    abort: compileAbort(message),
    rateLimit: compileRateLimit(message),
    keys: {
      delayPercent: message.delayPercentRuntime || 'fault.http.delay.fixed_delay_percent',
      abortPercent: message.abortPercentRuntime || 'fault.http.abort.abort_percent',
      delayDuration: message.delayDurationRuntime || 'fault.http.delay.fixed_duration_ms',
      abortHttpStatus: message.abortHttpStatusRuntime || 'fault.http.abort.http_status',
      abortGrpcStatus: message.abortGrpcStatusRuntime || 'fault.http.abort.grpc_status',
      maxActiveFaults: message.maxActiveFaultsRuntime || 'fault.http.max_active_faults',
      rateLimitPercent: message.responseRateLimitPercentRuntime || 'fault.http.rate_limit.response_percent',
    },
    disableDownstreamClusterStats: message.disableDownstreamClusterStats,
    metadata: message.filterMetadata,
  };
}

function compileDelay({ delay }: HTTPFault): FaultSettings['delay'] {
  if (delay === undefined) return undefined;
  const kind = delay.faultDelaySecifier;
  const ms = kind.case === 'fixedDelay' ? (durationMs(kind.value) ?? 0) : 0;
  return { ms, fromHeader: kind.case === 'headerDelay', share: shareOf(delay.percentage) };
}

function compileAbort({ abort }: HTTPFault): AbortSettings | undefined {
  if (abort === undefined) return undefined;
  const { errorType } = abort;
  return {
    httpStatus: errorType.case === 'httpStatus' ? errorType.value : undefined,
    grpcStatus: errorType.case === 'grpcStatus' ? errorType.value : undefined,
    fromHeader: errorType.case === 'headerAbort',
    share: shareOf(abort.percentage),
    body: abort.responseBody === '' ? 'fault filter abort' : wireText(abort.responseBody),
  };
}

function compileRateLimit({ responseRateLimit }: HTTPFault): FaultSettings['rateLimit'] {
  if (responseRateLimit === undefined) return undefined;
  const kind = responseRateLimit.limitType;
  const kbps = kind.case === 'fixedLimit' ? Number(kind.value.limitKbps) : 0;
  return { kbps, fromHeader: kind.case === 'headerLimit', share: shareOf(responseRateLimit.percentage) };
}
