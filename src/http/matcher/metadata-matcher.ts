import type { DoubleMatcher, MetadataMatcher as MetadataMatcherMessage, ValueMatcher as ValueMatcherMessage } from '../../api/generated/envoy/type/matcher/v3.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { wireText } from '../../core/wire-text.ts';
import { valueAt } from '../metadata-path.ts';
import type { StreamInfo } from '../stream-info.ts';
import { compileStringMatcher } from './string-matcher.ts';

/** Undefined: there is no value. */
type ValueMatcher = (value: unknown) => boolean;

/** Compiles `envoy.type.matcher.v3.MetadataMatcher` over dynamic metadata; undefined after reporting what is wrong. */
export function compileMetadataMatcher(message: MetadataMatcherMessage, at: ConfigPath, context: CompileContext): ((info: StreamInfo) => boolean) | undefined {
  const matches = compileMetadataValue(message, at, context);
  const read = compileMetadataPath(message);
  return matches && ((info) => matches(read(info)) !== message.invert);
}

/** The same over what the route says of itself; without a route nothing matches. */
export function compileRouteMetadataMatcher(message: MetadataMatcherMessage, at: ConfigPath, context: CompileContext): ((info: StreamInfo) => boolean) | undefined {
  const matches = compileMetadataValue(message, at, context);
  const path = [message.filter, ...message.path.map(({ segment }) => segment.value ?? '')];
  return matches && (({ route }) => route !== undefined && matches(valueAt(route.metadata, path)) !== message.invert);
}

/** What the matcher asks of the value, without `invert`. */
export function compileMetadataValue({ value }: Pick<MetadataMatcherMessage, 'value'>, at: ConfigPath, context: CompileContext): ValueMatcher | undefined {
  return value === undefined ? never : compileValueMatcher(value, at.field('value'), context);
}

/** Finds the value; undefined when there is none. */
export function compileMetadataPath({ filter, path }: MetadataMatcherMessage): (info: StreamInfo) => unknown {
  const keys = path.map(({ segment }) => segment.value ?? '');
  return (info) => valueAt(info.metadata?.get(filter), keys);
}

function never(): boolean {
  return false;
}

/** `envoy.type.matcher.v3.ValueMatcher` over plain JSON values; undefined after reporting what is wrong. */
function compileValueMatcher({ matchPattern }: ValueMatcherMessage, at: ConfigPath, context: CompileContext): ValueMatcher | undefined {
  switch (matchPattern.case) {
    case 'nullMatch':
      return (value) => value === null;
    case 'boolMatch':
      return (value) => value === matchPattern.value;
    case 'presentMatch':
      return (value) => matchPattern.value && value !== undefined;
    case 'doubleMatch':
      return doubleMatcher(matchPattern.value);
    case 'stringMatch': {
      const text = compileStringMatcher(matchPattern.value, at.field('string_match'), context);
      return text && ((value) => typeof value === 'string' && text.matches(wireText(value)));
    }
    case 'listMatch': {
      const { matchPattern: list } = matchPattern.value;
      const item = list.case === undefined ? never : compileValueMatcher(list.value, at.field('list_match').field('one_of'), context);
      return item && ((value) => Array.isArray(value) && value.some(item));
    }
    case 'orMatch': {
      const choices = matchPattern.value.valueMatchers.map((choice, index) =>
        compileValueMatcher(choice, at.field('or_match').field('value_matchers').index(index), context),
      );
      const known = choices.filter((choice) => choice !== undefined);
      return known.length < choices.length ? undefined : (value) => known.some((choice) => choice(value));
    }
    default:
      return never;
  }
}

function doubleMatcher({ matchPattern }: DoubleMatcher): ValueMatcher {
  switch (matchPattern.case) {
    case 'exact':
      return (value) => value === matchPattern.value;
    case 'range': {
      const { start, end } = matchPattern.value;
      return (value) => typeof value === 'number' && value >= start && value < end;
    }
    default:
      return never;
  }
}
