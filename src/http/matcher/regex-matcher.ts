import type { RegexMatcher } from '../../api/generated/envoy/type/matcher/v3.ts';
import type { RegexMatcher as XdsRegexMatcher } from '../../api/generated/xds/type/matcher/v3.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { compileRegex, type Regex } from '../../core/regex.ts';
import { wireText } from '../../core/wire-text.ts';

/**
 * Compiles `envoy.type.matcher.v3.RegexMatcher`; undefined after reporting what is wrong, or that the program is too large. `use` is
 * what it will mainly do.
 */
export function compileRegexMatcher(
  message: RegexMatcher | XdsRegexMatcher,
  at: ConfigPath,
  context: CompileContext,
  use: 'test' | 'search' = 'test',
): Regex | undefined {
  const regex = compileRegex(wireText(message.regex));
  if ('error' in regex) {
    context.error(at.field('regex'), regex.error);
    return undefined;
  }
  const { engineType } = message;
  const ownLimit = engineType.case === 'googleRe2' && 'maxProgramSize' in engineType.value ? engineType.value.maxProgramSize : undefined;
  const limit = ownLimit ?? context.runtime.number('re2.max_program_size.error_level', DEFAULT_MAX_PROGRAM_SIZE);
  const { programSize } = regex;
  if (programSize > limit) {
    const whose = ownLimit === undefined ? ' set for the error level threshold' : '';
    context.error(
      at.field('regex'),
      `regex '${message.regex}' RE2 program size of ${programSize} > max program size of ${limit}${whose}. ` +
        'Increase configured max program size if necessary.',
    );
    return undefined;
  }
  if (context.serving) regex.prepare(use);
  return regex;
}

const DEFAULT_MAX_PROGRAM_SIZE = 100;
