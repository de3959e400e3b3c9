import {
  type AccessLogFilter as FilterMessage, type ComparisonFilter, ComparisonFilter_Op as Op, type ExtensionFilter, type GrpcStatusFilter, type LogTypeFilter, type ResponseFlagFilter,
} from '../../api/generated/envoy/config/accesslog/v3.ts';
import { AccessLogType } from '../../api/generated/envoy/data/accesslog/v3.ts';
import type { Clock } from '../../core/clock.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import type { AccessLog, AccessLogEntry } from '../access-log.ts';
import { RESPONSE_FLAG_NAMES } from '../format/response-flags.ts';
import { grpcStatusOfResponse } from '../grpc-status.ts';
import { HeaderMap } from '../header-map.ts';
import { compileHeaderMatcher } from '../matcher/header-matcher.ts';
import type { StreamInfo } from '../stream-info.ts';
import { type AccessLogFilter, AllOf, AnyOf } from './filter.ts';
import { compileMetadataFilter } from './metadata-filter.ts';
import { RuntimeFilter } from './runtime-filter.ts';

const UNKNOWN_GRPC_STATUS = 2;
const NO_HEADERS = new HeaderMap();

/** A log of the entries that its filter takes. */
export class FilteredAccessLog implements AccessLog {
  readonly #log: AccessLog;
  readonly #filter: AccessLogFilter;

  constructor(log: AccessLog, filter: AccessLogFilter) {
    this.#log = log;
    this.#filter = filter;
  }

  log(entry: AccessLogEntry): void {
    if (this.#filter.matches(entry)) this.#log.log(entry);
  }
}

/** Undefined after reporting what is wrong. */
export function compileAccessLogFilter(message: FilterMessage, at: ConfigPath, context: CompileContext): AccessLogFilter | undefined {
  const { filterSpecifier: specifier } = message;
  switch (specifier.case) {
    case 'statusCodeFilter':
      return comparison(specifier.value.comparison, ({ info }) => info.responseCode, context);
    case 'durationFilter':
      return comparison(specifier.value.comparison, ({ info }) => durationMs(info, context.clock), context);
    case 'notHealthCheckFilter':
      return { matches: ({ info }) => !info.healthCheck };
    case 'traceableFilter':
      // Without tracing no request is traced.
      return { matches: () => false };
    case 'runtimeFilter':
      return new RuntimeFilter(specifier.value, context.runtime, context.random);
    case 'andFilter':
      return several(specifier.value.filters, at.field('and_filter').field('filters'), context, (filters) => new AllOf(filters));
    case 'orFilter':
      return several(specifier.value.filters, at.field('or_filter').field('filters'), context, (filters) => new AnyOf(filters));
    case 'headerFilter': {
      const { header } = specifier.value;
      const matcher = header && compileHeaderMatcher(header, at.field('header_filter').field('header'), context);
      return matcher && { matches: ({ requestHeaders }) => matcher.matches(requestHeaders ?? NO_HEADERS) };
    }
    case 'responseFlagFilter':
      return responseFlags(specifier.value, at.field('response_flag_filter'), context);
    case 'grpcStatusFilter':
      return grpcStatus(specifier.value);
    case 'metadataFilter':
      return compileMetadataFilter(specifier.value, at.field('metadata_filter'), context);
    case 'logTypeFilter':
      return logType(specifier.value);
    case 'extensionFilter':
      return extensionFilter(specifier.value, at.field('extension_filter'), context);
    default:
      context.error(at, 'a filter is needed');
      return undefined;
  }
}

function extensionFilter({ name, configType }: ExtensionFilter, at: ConfigPath, context: CompileContext): AccessLogFilter | undefined {
  const resolved = context.resolve('envoy.access_loggers.extension_filters', name, configType.value, at, false);
  return resolved?.extension.compile(resolved.config, at.field('typed_config'), context) as AccessLogFilter | undefined;
}

function several(
  messages: readonly FilterMessage[],
  at: ConfigPath,
  context: CompileContext,
  join: (filters: readonly AccessLogFilter[]) => AccessLogFilter,
): AccessLogFilter | undefined {
  const filters = messages.map((message, index) => compileAccessLogFilter(message, at.index(index), context));
  const known = filters.filter((filter) => filter !== undefined);
  return known.length < filters.length ? undefined : join(known);
}

function comparison(message: ComparisonFilter | undefined, read: (entry: AccessLogEntry) => number, { runtime }: CompileContext): AccessLogFilter {
  const otherwise = message?.value?.defaultValue ?? 0;
  const key = message?.value?.runtimeKey ?? '';
  const wanted = (): number => (key === '' ? otherwise : runtime.number(key, otherwise));
  switch (message?.op) {
    case Op.GE:
      return { matches: (entry) => read(entry) >= wanted() };
    case Op.LE:
      return { matches: (entry) => read(entry) <= wanted() };
    case Op.NE:
      return { matches: (entry) => read(entry) !== wanted() };
    default:
      return { matches: (entry) => read(entry) === wanted() };
  }
}

function durationMs(info: StreamInfo, clock: Clock): number {
  return Math.floor((info.endMs === 0 ? clock.monotonicMs() : info.endMs) - info.startMs);
}

/** Without flags: any. */
function responseFlags({ flags }: ResponseFlagFilter, at: ConfigPath, context: CompileContext): AccessLogFilter {
  let wanted = flags.length === 0 ? -1 : 0;
  flags.forEach((flag, index) => {
    const bit = RESPONSE_FLAG_NAMES.findIndex(([short]) => short === flag);
    if (bit === -1) context.error(at.field('flags').index(index), `unknown response flag '${flag}'`);
    else wanted |= 1 << bit;
  });
  return { matches: ({ info }) => (info.responseFlags & wanted) !== 0 };
}

function grpcStatus({ statuses, exclude }: GrpcStatusFilter): AccessLogFilter {
  const wanted = new Set<number>(statuses);
  return {
    matches: ({ info, responseHeaders, responseTrailers }) => {
      const status = grpcStatusOfResponse(responseHeaders, responseTrailers, info.responseCode) ?? UNKNOWN_GRPC_STATUS;
      return wanted.has(status) !== exclude;
    },
  };
}

function logType({ types, exclude }: LogTypeFilter): AccessLogFilter {
  const names = new Set<string>(Object.entries(AccessLogType).filter(([, number]) => types.includes(number)).map(([name]) => name));
  return { matches: ({ type }) => names.has(type) !== exclude };
}
