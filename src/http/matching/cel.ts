import type { CelMatcher } from '../../api/generated/xds/type/matcher/v3.ts';
import type { CelExpression } from '../../api/generated/xds/type/v3.ts';
import type { Extension } from '../../core/extension.ts';
import type { Attribute } from '../cel/attribute.ts';
import { celAttributes } from '../cel/attributes.ts';
import { compileCelMessage } from '../cel/program.ts';
import type { InputMatcher, MatchInput } from './match-tree.ts';
import type { HttpMatchingData } from './matching-data.ts';

/** Not a value but the stream itself, in which an expression finds what it names. */
const attributesInput: Extension<unknown, MatchInput<HttpMatchingData>> = {
  name: 'envoy.matching.inputs.cel_data_input',
  category: 'envoy.matching.http.input',
  configType: 'xds.type.matcher.v3.HttpAttributesCelMatchInput',
  compile: () => ({ kind: 'attributes', get: (data) => data }),
};

const celMatcher: Extension<CelMatcher, InputMatcher> = {
  name: 'envoy.matching.matchers.cel_matcher',
  category: 'envoy.matching.input_matchers',
  configType: 'xds.type.matcher.v3.CelMatcher',
  compile({ exprMatch }, at, context) {
    const program = exprMatch === undefined ? NOT_SET : compileExpression(exprMatch, (message) => context.warning(at.field('expr_match'), message));
    if (typeof program !== 'string') return program;
    context.error(at.field('expr_match'), program);
    return { kind: 'attributes', matches: () => false };
  },
};

const NOT_SET = 'failed to create an expression: CEL expression not set.';

/** The newer fields win; nothing is told of the node. */
function compileExpression({ celExprChecked, celExprParsed, exprSpecifier }: CelExpression, warn: (message: string) => void): InputMatcher | string {
  const tree = celExprChecked ?? celExprParsed ?? exprSpecifier.value;
  if (tree === undefined) return NOT_SET;
  const attributes = celAttributes(undefined);
  let hasAskedResponse = false;
  const noted = (attribute: Attribute | undefined): Attribute | undefined =>
    attribute && {
      ...attribute,
      read(context) {
        hasAskedResponse = true;
        return attribute.read(context);
      },
      member: (key) => noted(attribute.member?.(key)),
    };
  const find = (name: string): Attribute | undefined => (name === 'response' ? noted(attributes.find(name)) : attributes.find(name));
  const program = compileCelMessage(tree.expr, { config: undefined, attributes: { names: attributes.names, find }, warn });
  if (typeof program === 'string') return program;
  return {
    kind: 'attributes',
    // What is not true of a response that has not begun may be later.
    matches(value) {
      const data = value as HttpMatchingData;
      hasAskedResponse = false;
      if (program(data) === true) return true;
      return hasAskedResponse && data.responseHeaders === undefined ? undefined : false;
    },
  };
}

export const celMatchingExtensions: readonly Extension<never, unknown>[] = [attributesInput, celMatcher];
