import type { Expr as SpecExpr } from '../../api/generated/cel/expr.ts';
import type { CelExpressionConfig } from '../../api/generated/envoy/config/core/v3.ts';
import type { Expr } from '../../api/generated/google/api/expr/v1alpha1.ts';
import { type CelAttributes, type CelProgram, compileCel } from './compile.ts';
import type { CelExpression } from './expression.ts';
import { celFromMessage } from './from-message.ts';
import { parseCel } from './parse.ts';

/** What a place in a configuration lets its expressions do. */
export interface CelSurroundings {
  readonly config: CelExpressionConfig | undefined;
  readonly attributes: CelAttributes;
  /** Told of names that nothing has. */
  readonly warn?: (message: string) => void;
}

/** `text`: bytes of the wire. A string says in Envoy's words what is wrong. */
export function compileCelText(text: string, surroundings: CelSurroundings): CelProgram | string {
  const expression = parseCel(text);
  return typeof expression === 'string' ? `Not able to parse expression: ${expression}` : program(expression, surroundings);
}

export function compileCelMessage(message: Expr | SpecExpr | undefined, surroundings: CelSurroundings): CelProgram | string {
  const expression = celFromMessage(message);
  return typeof expression === 'string' ? failure(expression) : program(expression, surroundings);
}

function program(expression: CelExpression, { config, attributes, warn }: CelSurroundings): CelProgram | string {
  const options = {
    stringConversion: config?.enableStringConversion ?? false,
    stringConcat: config?.enableStringConcat ?? false,
    stringFunctions: config?.enableStringFunctions ?? false,
  };
  const compiled = compileCel(expression, options, attributes, warn);
  return typeof compiled === 'string' ? failure(compiled) : compiled;
}

function failure(reason: string): string {
  return `failed to create an expression: ${reason}`;
}
