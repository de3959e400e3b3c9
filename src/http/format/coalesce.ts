import type { CompileContext } from '../../core/extension.ts';
import { jsonText } from './json-text.ts';
import { type Operator, type OperatorArguments, type OperatorCompiler, withParams } from './operator.ts';

type CompileNamed = (args: OperatorArguments, context: CompileContext) => Operator | string | undefined;

/** `%COALESCE({"operators": ["PROTOCOL", {"command": "REQ", "param": "x", "max_length": 9}]}):Z%`: the first that has a value. */
export function coalesceOperator(compileNamed: CompileNamed): OperatorCompiler {
  return withParams(({ params, length }, context) => {
    const entries = readEntries(params);
    if (typeof entries === 'string') return `COALESCE: ${entries}`;
    const operators: Operator[] = [];
    for (const [index, entry] of entries.entries()) {
      const operator = compileEntry(entry, compileNamed, context);
      if (typeof operator === 'string') return `COALESCE: failed to parse operator at index ${index}: ${operator}`;
      operators.push(operator);
    }
    return firstOf(operators, length);
  });
}

function readEntries(params: string): unknown[] | string {
  let config: unknown;
  try {
    config = JSON.parse(Buffer.from(params, 'latin1').toString('utf8'));
  } catch {
    return 'failed to parse JSON configuration: JSON supplied is not valid.';
  }
  const operators = typeof config === 'object' && config !== null ? (config as Record<string, unknown>)['operators'] : undefined;
  if (operators === undefined) return "JSON configuration must contain 'operators' array";
  if (!Array.isArray(operators)) return "'operators' must be an array";
  return operators.length === 0 ? "'operators' array must not be empty" : operators;
}

function compileEntry(entry: unknown, compileNamed: CompileNamed, context: CompileContext): Operator | string {
  if (typeof entry === 'string') return compileNamed({ name: entry, params: '', length: Infinity }, context) ?? `unknown command: '${entry}'`;
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    return "operator entry must be either a string (command name) or an object with 'command' field";
  }
  const { command, param, max_length: length } = entry as Record<string, unknown>;
  if (typeof command !== 'string') return "operator object must have 'command' field";
  if (param !== undefined && typeof param !== 'string') return "'param' field must be a string";
  if (length !== undefined && (!Number.isInteger(length) || (length as number) <= 0)) return "'max_length' must be a positive integer";
  const args = { name: command, params: param ?? '', length: (length as number | undefined) ?? Infinity };
  return compileNamed(args, context) ?? `unknown command: '${command}'`;
}

function firstOf(operators: readonly Operator[], length: number): Operator {
  return {
    text: (context) => {
      for (const operator of operators) {
        const text = operator.text(context);
        if (text !== undefined) return text.substring(0, length);
      }
      return undefined;
    },
    json: (context) => {
      for (const operator of operators) {
        const json = operator.json(context);
        if (json !== undefined) return length === Infinity || json[0] !== '"' ? json : `"${jsonText(operator.text(context)!.substring(0, length))}"`;
      }
      return undefined;
    },
  };
}
