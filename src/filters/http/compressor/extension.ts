import type { Compressor as CompressorMessage, CompressorPerRoute } from '../../../api/generated/envoy/extensions/filters/http/compressor/v3.ts';
import type { Extension } from '../../../core/extension.ts';
import type { HttpFilter } from '../../../http/filter.ts';
import { Compressor } from './compressor.ts';
import { compileCompressor, compileCompressorRoute } from './config.ts';

export const compressorExtension: Extension<CompressorMessage, HttpFilter> = {
  name: 'envoy.filters.http.compressor',
  category: 'envoy.filters.http',
  configType: 'envoy.extensions.filters.http.compressor.v3.Compressor',
  routeConfigType: 'envoy.extensions.filters.http.compressor.v3.CompressorPerRoute',
  compile: (message, at, context) => {
    const config = compileCompressor(message, at, context);
    return config === undefined ? {} : new Compressor(config);
  },
  compileRoute: (message: CompressorPerRoute, at, context) => compileCompressorRoute(message, at, context),
};
