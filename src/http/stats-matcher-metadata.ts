import type { Metadata } from '../api/generated/envoy/config/core/v3.ts';
import type { CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';

const KEY = 'envoy.stats_matcher';

/** By its metadata a listener or a cluster may leave out statistics of its own. `at`: the metadata. */
export function refuseStatsMatcher(metadata: Metadata | undefined, at: ConfigPath, context: CompileContext): void {
  if (metadata?.typedFilterMetadata[KEY] === undefined) return;
  context.error(at.field('typed_filter_metadata').key(KEY), `not supported: ${KEY} (stats_config.stats_matcher leaves out statistics by their names)`);
}
