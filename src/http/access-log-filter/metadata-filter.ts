import type { MetadataFilter as MetadataFilterMessage } from '../../api/generated/envoy/config/accesslog/v3.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { compileMetadataPath, compileMetadataValue } from '../matcher/metadata-matcher.ts';
import type { AccessLogFilter } from './filter.ts';

/** Looks at the stream's dynamic metadata. What has no value matches unless `match_if_key_not_found` is false; `invert` means nothing here. */
export function compileMetadataFilter(message: MetadataFilterMessage, at: ConfigPath, context: CompileContext): AccessLogFilter | undefined {
  const whenMissing = message.matchIfKeyNotFound ?? true;
  const { matcher } = message;
  if (matcher === undefined) return { matches: () => whenMissing };
  const read = compileMetadataPath(matcher);
  const matches = compileMetadataValue(matcher, at.field('matcher'), context);
  return (
    matches && {
      matches: ({ info }) => {
        const value = read(info);
        return value === undefined ? whenMissing : matches(value);
      },
    }
  );
}
