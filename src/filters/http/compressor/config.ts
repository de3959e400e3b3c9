import type { RuntimeFeatureFlag, TypedExtensionConfig } from '../../../api/generated/envoy/config/core/v3.ts';
import type {
  Compressor as CompressorMessage,
  Compressor_CommonDirectionConfig as DirectionMessage,
  CompressorPerRoute,
} from '../../../api/generated/envoy/extensions/filters/http/compressor/v3.ts';
import type { CompileContext } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import type { Runtime } from '../../../core/runtime.ts';
import { defineStats, type StatGroup } from '../../../core/stats/stats.ts';
import type { CompressionLibrary } from '../../../http/compression/library.ts';
import { HTTP } from '../../../http/http-services.ts';
import { compileStringMatcher } from '../../../http/matcher/string-matcher.ts';

const DIRECTION_COUNTERS = ['compressed', 'content_length_too_small', 'not_compressed', 'total_compressed_bytes', 'total_uncompressed_bytes'] as const;

export const DIRECTION_STATS = defineStats({ counters: DIRECTION_COUNTERS });

/** What was made of Accept-Encoding. */
export const CHOICE_STATS = defineStats({
  counters: [
    'header_compressor_overshadowed',
    'header_compressor_used',
    'header_identity',
    'header_not_valid',
    'header_wildcard',
    'no_accept_header',
    'not_compressed_etag',
  ],
});

export interface DirectionConfig {
  readonly enabled: () => boolean;
  readonly minContentLength: number;
  /** Of a type without its parameters. */
  readonly allowsType: (type: string) => boolean;
  readonly stats: StatGroup;
}

export interface CompressorConfig {
  readonly library: CompressionLibrary;
  readonly request: DirectionConfig;
  readonly response: DirectionConfig;
  readonly choiceStats: StatGroup;
  readonly disableOnEtag: boolean;
  readonly weakenEtag: boolean;
  readonly removeAcceptEncoding: boolean;
  readonly uncompressibleCodes: ReadonlySet<number>;
  readonly chooseFirst: boolean;
  /** `status_header_enabled`: responses tell why they are compressed or not. */
  readonly tellsStatus: boolean;
}

/** Of a route. */
export interface CompressorRouteConfig {
  /** Of responses; undefined: as the filter says. A direction that a route overrides is on, as in Envoy. */
  readonly enabled: boolean | undefined;
  readonly removeAcceptEncoding: boolean | undefined;
  readonly library: CompressionLibrary | undefined;
}

const DEFAULT_CONTENT_TYPES = [
  'application/javascript', 'application/json', 'application/xhtml+xml', 'image/svg+xml', 'text/css', 'text/html', 'text/plain', 'text/xml',
];
const DEFAULT_MIN_CONTENT_LENGTH = 30;

export function compileCompressor(message: CompressorMessage, at: ConfigPath, context: CompileContext): CompressorConfig | undefined {
  const libraryMessage = message.compressorLibrary;
  const library = compileLibrary(libraryMessage, at.field('compressor_library'), context);
  if (library === undefined) return undefined;
  const prefix = `${context.service(HTTP).stats.prefix}.compressor.${libraryMessage!.name}.${library.statName}`;
  const { requestDirectionConfig: request, responseDirectionConfig: response } = message;
  const responsePrefix = response === undefined ? prefix : `${prefix}.response`;
  const responseCommon = response === undefined ? legacyDirection(message) : response.commonConfig;
  return {
    library,
    request: direction(request?.commonConfig, { prefix: `${prefix}.request`, on: request !== undefined, at: at.field('request_direction_config').field('common_config'), context }),
    response: direction(responseCommon, { prefix: responsePrefix, on: true, at: at.field('response_direction_config').field('common_config'), context }),
    choiceStats: context.stats.group(prefix, CHOICE_STATS),
    disableOnEtag: response?.disableOnEtagHeader ?? message.disableOnEtagHeader,
    weakenEtag: response?.weakenEtagOnCompress ?? false,
    removeAcceptEncoding: response?.removeAcceptEncodingHeader ?? message.removeAcceptEncodingHeader,
    uncompressibleCodes: new Set(response?.uncompressibleResponseCodes),
    chooseFirst: message.chooseFirst,
    tellsStatus: response?.statusHeaderEnabled ?? false,
  };
}

export function compileCompressorRoute({ override }: CompressorPerRoute, at: ConfigPath, context: CompileContext): CompressorRouteConfig {
  if (override.case !== 'overrides') return { enabled: override.value === true ? false : undefined, removeAcceptEncoding: undefined, library: undefined };
  const { responseDirectionConfig, compressorLibrary } = override.value;
  const library = compressorLibrary && compileLibrary(compressorLibrary, at.field('overrides').field('compressor_library'), context);
  return { enabled: responseDirectionConfig && true, removeAcceptEncoding: responseDirectionConfig?.removeAcceptEncodingHeader, library };
}

function compileLibrary(message: TypedExtensionConfig | undefined, at: ConfigPath, context: CompileContext): CompressionLibrary | undefined {
  if (message === undefined) return undefined;
  const resolved = context.resolve('envoy.compression.compressor', message.name, message.typedConfig, at, false);
  return resolved && (resolved.extension.compile(resolved.config, at.field('typed_config'), context) as CompressionLibrary);
}

type Direction = Pick<DirectionMessage, 'enabled' | 'minContentLength' | 'contentType' | 'contentTypeMatcher'>;

/** The fields that stood at the top before there were directions. */
function legacyDirection({ runtimeEnabled, contentLength, contentType }: CompressorMessage): Direction {
  return { enabled: runtimeEnabled, minContentLength: contentLength, contentType, contentTypeMatcher: [] };
}

interface DirectionOptions {
  readonly prefix: string;
  readonly on: boolean;
  readonly at: ConfigPath;
  readonly context: CompileContext;
}

function direction(message: Direction | undefined, { prefix, on, at, context }: DirectionOptions): DirectionConfig {
  return {
    enabled: on ? flag(message?.enabled, context.runtime) : () => false,
    minContentLength: message?.minContentLength || DEFAULT_MIN_CONTENT_LENGTH,
    allowsType: allowedTypes(message, at, context),
    stats: context.stats.group(prefix, DIRECTION_STATS),
  };
}

/** Where there are matchers, the names do not count. */
function allowedTypes(message: Direction | undefined, at: ConfigPath, context: CompileContext): DirectionConfig['allowsType'] {
  const { contentType: names = [], contentTypeMatcher: messages = [] } = message ?? {};
  if (messages.length === 0) {
    const types = new Set((names.length === 0 ? DEFAULT_CONTENT_TYPES : names).map((type) => type.toLowerCase()));
    return (type) => types.has(type.toLowerCase());
  }
  const compiled = messages.map((matcher, index) => compileStringMatcher(matcher, at.field('content_type_matcher').index(index), context));
  const matchers = compiled.filter((matcher) => matcher !== undefined);
  return (type) => matchers.some((matcher) => matcher.matches(type));
}

function flag(message: RuntimeFeatureFlag | undefined, runtime: Runtime): () => boolean {
  const otherwise = message?.defaultValue ?? true;
  const key = message?.runtimeKey ?? '';
  return key === '' ? () => otherwise : () => runtime.boolean(key, otherwise);
}
