import type {
  Decompressor as DecompressorMessage,
  Decompressor_CommonDirectionConfig as DirectionMessage,
} from '../../../api/generated/envoy/extensions/filters/http/decompressor/v3.ts';
import type { CompileContext, Extension } from '../../../core/extension.ts';
import type { CompressionLibrary } from '../../../http/compression/library.ts';
import type { HttpFilter } from '../../../http/filter.ts';
import { HTTP } from '../../../http/http-services.ts';
import { Decompressor, DECOMPRESSOR_STATS, type DirectionConfig } from './decompressor.ts';

export const decompressorExtension: Extension<DecompressorMessage, HttpFilter> = {
  name: 'envoy.filters.http.decompressor',
  category: 'envoy.filters.http',
  configType: 'envoy.extensions.filters.http.decompressor.v3.Decompressor',
  compile: (message, at, context) => {
    const { decompressorLibrary: named, requestDirectionConfig: request, responseDirectionConfig: response } = message;
    const libraryAt = at.field('decompressor_library');
    const resolved = named && context.resolve('envoy.compression.decompressor', named.name, named.typedConfig, libraryAt, false);
    if (resolved === undefined) return {};
    const library = resolved.extension.compile(resolved.config, libraryAt.field('typed_config'), context) as CompressionLibrary;
    const prefix = `${context.service(HTTP).stats.prefix}.decompressor.${named!.name}.${library.statName}`;
    return new Decompressor({
      library,
      advertise: request?.advertiseAcceptEncoding ?? true,
      request: direction(request?.commonConfig, `${prefix}.request`, context),
      response: direction(response?.commonConfig, `${prefix}.response`, context),
    });
  },
};

function direction(message: DirectionMessage | undefined, prefix: string, context: CompileContext): DirectionConfig {
  const otherwise = message?.enabled?.defaultValue ?? true;
  const key = message?.enabled?.runtimeKey ?? '';
  return {
    enabled: key === '' ? () => otherwise : () => context.runtime.boolean(key, otherwise),
    ignoreNoTransform: message?.ignoreNoTransformHeader ?? false,
    stats: context.stats.group(prefix, DECOMPRESSOR_STATS),
  };
}
