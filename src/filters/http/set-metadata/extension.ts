import type { Config } from '../../../api/generated/envoy/extensions/filters/http/set_metadata/v3.ts';
import type { Extension } from '../../../core/extension.ts';
import type { HttpFilter } from '../../../http/filter.ts';
import { HTTP } from '../../../http/http-services.ts';
import { compileMetadata, SET_METADATA_STATS, SetMetadata } from './set-metadata.ts';

export const setMetadataExtension: Extension<Config, HttpFilter> = {
  name: 'envoy.filters.http.set_metadata',
  category: 'envoy.filters.http',
  configType: 'envoy.extensions.filters.http.set_metadata.v3.Config',
  routeConfigType: 'envoy.extensions.filters.http.set_metadata.v3.Config',
  compile: (config, _at, context) =>
    new SetMetadata(compileMetadata(config, context.stats.group(`${context.service(HTTP).stats.prefix}.set_metadata`, SET_METADATA_STATS))),
  // Envoy counts what routes may not overwrite apart from any connection manager.
  compileRoute: (config: Config, _at, context) => compileMetadata(config, context.stats.group('set_metadata', SET_METADATA_STATS)),
};
