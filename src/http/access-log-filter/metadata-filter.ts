import type { MetadataFilter as MetadataFilterMessage } from '../../api/generated/envoy/config/accesslog/v3.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { compileMetadataMatcher } from '../matcher/metadata-matcher.ts';
import type { AccessLogFilter } from './filter.ts';

/** Looks at the stream's dynamic metadata. What has no value matches unless `match_if_key_not_found` is false. */
export function compileMetadataFilter(message: MetadataFilterMessage, at: ConfigPath, context: CompileContext): AccessLogFilter | undefined {
  const whenMissing = message.matchIfKeyNotFound ?? true;
  const { matcher } = message;
  if (matcher === undefined) return { matches: () => whenMissing };
  const matches = compileMetadataMatcher(matcher, whenMissing, at.field('matcher'), context);
  return matches && { matches: ({ info }) => matches(info) };
}
