import type { CelExpressionConfig } from '../../api/generated/envoy/config/core/v3.ts';
import { celAttributes } from '../cel/attributes.ts';
import { celJson, celText } from '../cel/print.ts';
import { compileCelText } from '../cel/program.ts';
import { type FormatContext, type OperatorCompiler, textOperator } from './operator.ts';

/** `%CEL(expression):Z%`, always text, and `%TYPED_CEL(expression):Z%`, which is the value's own JSON where the format is JSON. */
export function celOperators(config: CelExpressionConfig | undefined): { readonly CEL: OperatorCompiler; readonly TYPED_CEL: OperatorCompiler } {
  return {
    CEL({ params, length }, { node }) {
      const program = compileCelText(params, { config, attributes: celAttributes(node) });
      return typeof program === 'string' ? program : textOperator(text(program), length);
    },
    TYPED_CEL({ params, length }, { node }) {
      const program = compileCelText(params, { config, attributes: celAttributes(node) });
      if (typeof program === 'string') return program;
      return {
        text: textOperator(text(program), length).text,
        json(context) {
          const json = celJson(program(context) ?? null, length);
          return json === 'null' ? undefined : json;
        },
      };
    },
  };
}

function text(program: Exclude<ReturnType<typeof compileCelText>, string>): (context: FormatContext) => string | undefined {
  return (context) => {
    const value = program(context);
    return value === undefined ? undefined : celText(value);
  };
}
