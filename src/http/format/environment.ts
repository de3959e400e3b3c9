import { serviceKey } from '../../core/extension.ts';
import type { ProcessFacts } from '../../core/process-facts.ts';
import { wireText } from '../../core/wire-text.ts';
import { type OperatorCompiler, plain, textOperator, withParams } from './operator.ts';

/** What formats may tell of the process. */
export const PROCESS = serviceKey<ProcessFacts>('process');

export const PROCESS_OPERATORS: Readonly<Record<string, OperatorCompiler>> = {
  HOSTNAME: plain((context) => {
    const hostname = wireText(context.service(PROCESS).hostname);
    return textOperator(() => (hostname === '' ? '-' : hostname));
  }),
  // A variable that is not set is the text `-`, also in JSON.
  ENVIRONMENT: withParams(({ params, length }, context) => {
    const value = wireText(context.service(PROCESS).variable(params) ?? '-').substring(0, length);
    return textOperator(() => value);
  }),
};
