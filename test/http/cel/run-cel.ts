import type { CelExpressionConfig } from '../../../src/api/generated/envoy/config/core/v3.ts';
import type { NodeInfo } from '../../../src/core/extension.ts';
import { unicodeText, wireText } from '../../../src/core/wire-text.ts';
import { celAttributes } from '../../../src/http/cel/attributes.ts';
import { celJson, celText } from '../../../src/http/cel/print.ts';
import { compileCelText } from '../../../src/http/cel/program.ts';
import type { FormatContext } from '../../../src/http/format/operator.ts';
import { forwardedEntry } from '../format/format-fixture.ts';

export const EVERYTHING = { enableStringConversion: true, enableStringConcat: true, enableStringFunctions: true } as CelExpressionConfig;

export interface CelAnswer {
  readonly text: string | undefined;
  readonly json: string;
}

/** What the expression gives for the stream, in both forms; a string says why it is refused. */
export function runCel(expression: string, stream: FormatContext = forwardedEntry(), config?: CelExpressionConfig, node?: NodeInfo): CelAnswer | string {
  const program = compileCelText(wireText(expression), { config, attributes: celAttributes(node) });
  if (typeof program === 'string') return program;
  const value = program(stream);
  return value === undefined ? { text: undefined, json: 'null' } : { text: unicodeText(celText(value)), json: unicodeText(celJson(value)) };
}

/** Its text, where nothing is refused. */
export function celTextOf(expression: string, stream?: FormatContext, config?: CelExpressionConfig, node?: NodeInfo): string | undefined {
  const answer = runCel(expression, stream, config, node);
  if (typeof answer === 'string') throw new Error(answer);
  return answer.text;
}
