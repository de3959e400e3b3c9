import type { Buffer as BufferMessage, BufferPerRoute } from '../../../api/generated/envoy/extensions/filters/http/buffer/v3.ts';
import type { Extension } from '../../../core/extension.ts';
import type { HttpFilter } from '../../../http/filter.ts';
import { BufferFilter, type BufferRouteConfig } from './buffer.ts';

export const bufferExtension: Extension<BufferMessage, HttpFilter> = {
  name: 'envoy.filters.http.buffer',
  category: 'envoy.filters.http',
  configType: 'envoy.extensions.filters.http.buffer.v3.Buffer',
  routeConfigType: 'envoy.extensions.filters.http.buffer.v3.BufferPerRoute',
  compile: (config) => new BufferFilter(config.maxRequestBytes ?? 0),
  compileRoute: ({ override }: BufferPerRoute): BufferRouteConfig => ({
    maxRequestBytes: override.case === 'buffer' ? (override.value.maxRequestBytes ?? 0) : 0,
  }),
};
