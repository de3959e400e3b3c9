import type { Extension } from '../../../core/extension.ts';
import type { HttpFilter } from '../../../http/filter.ts';

/** Ends the filters before an upstream: what passes them goes to the upstream's codec, so there is nothing for it to do. */
export const upstreamCodecExtension: Extension<unknown, HttpFilter> = {
  name: 'envoy.filters.http.upstream_codec',
  category: 'envoy.filters.http.upstream',
  configType: 'envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec',
  terminal: true,
  compile: () => ({}),
};
