import type { Descriptor as Message } from '../../api/generated/envoy/extensions/rate_limit_descriptors/expr/v3.ts';
import type { Extension } from '../../core/extension.ts';
import { wireText } from '../../core/wire-text.ts';
import { celAttributes } from '../cel/attributes.ts';
import { celText } from '../cel/print.ts';
import { type CelSurroundings, compileCelMessage, compileCelText } from '../cel/program.ts';
import type { Action } from './action.ts';

/** An entry whose value is that of an expression. Of the node nothing is told. */
export const expressionDescriptorExtension: Extension<Message, Action | undefined> = {
  name: 'envoy.rate_limit_descriptors.expr',
  category: 'envoy.rate_limit_descriptors',
  configType: 'envoy.extensions.rate_limit_descriptors.expr.v3.Descriptor',
  compile({ descriptorKey, skipIfError, exprSpecifier: specifier }, at, context) {
    const surroundings: CelSurroundings = { config: undefined, attributes: celAttributes(undefined), warn: (message) => context.warning(at, message) };
    const program = specifier.case === 'text' ? compileCelText(wireText(specifier.value), surroundings) : compileCelMessage(specifier.value, surroundings);
    if (typeof program === 'string') {
      context.error(at, program);
      return undefined;
    }
    const key = wireText(descriptorKey);
    return ({ info, headers }, entries) => {
      const value = program({ info, requestHeaders: headers, responseHeaders: undefined });
      if (value === undefined) return skipIfError;
      entries.push({ key, value: celText(value) });
      return true;
    };
  },
};
