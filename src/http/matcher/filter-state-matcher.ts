import type { FilterStateMatcher as FilterStateMatcherMessage } from '../../api/generated/envoy/type/matcher/v3.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { wireText } from '../../core/wire-text.ts';
import { FilterStateAddress, plainOf } from '../filter-state.ts';
import { compileIpPrefixSet } from '../ip-prefix.ts';
import type { StreamInfo } from '../stream-info.ts';
import { compileStringMatcher } from './string-matcher.ts';

/** Compiles `envoy.type.matcher.v3.FilterStateMatcher`; undefined after reporting what is wrong. */
export function compileFilterStateMatcher(
  { key, matcher }: FilterStateMatcherMessage,
  at: ConfigPath,
  context: CompileContext,
): ((info: StreamInfo) => boolean) | undefined {
  if (matcher.case === 'addressMatch') {
    const { ranges, invertMatch } = matcher.value;
    const networks = compileIpPrefixSet(ranges, at.field('address_match').field('ranges'), context);
    return (info) => {
      const object = info.stateOf(key);
      return object instanceof FilterStateAddress && networks.has(object.address) !== invertMatch;
    };
  }
  const text = matcher.value && compileStringMatcher(matcher.value, at.field('string_match'), context);
  return text && ((info) => {
    const plain = plainOf(info.stateOf(key));
    return plain !== undefined && text.matches(wireText(plain));
  });
}
