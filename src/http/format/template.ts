import { didYouMean } from '../../core/did-you-mean.ts';
import { type CompileContext, serviceKey } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { ADDRESS_OPERATORS } from './address-operators.ts';
import { celOperators } from './cel-operators.ts';
import { coalesceOperator } from './coalesce.ts';
import { PROCESS_OPERATORS } from './environment.ts';
import { HEADER_OPERATORS } from './header-operators.ts';
import { METADATA_OPERATORS } from './metadata-operators.ts';
import type { Operator, OperatorArguments, OperatorCompiler } from './operator.ts';
import { STREAM_OPERATORS } from './stream-operators.ts';
import { TIME_OPERATORS } from './time-operators.ts';
import { TLS_OPERATORS } from './tls-operators.ts';
import { compileXfccValue } from './xfcc-value.ts';

const OPERATORS: ReadonlyMap<string, OperatorCompiler> = new Map<string, OperatorCompiler>(
  Object.entries({
    ...TIME_OPERATORS,
    ...HEADER_OPERATORS,
    ...STREAM_OPERATORS,
    ...ADDRESS_OPERATORS,
    ...METADATA_OPERATORS,
    ...PROCESS_OPERATORS,
    ...TLS_OPERATORS,
    ...celOperators(undefined),
    XFCC_VALUE: compileXfccValue,
    COALESCE: coalesceOperator(compileNamed),
  }),
);

/** What formatter extensions bring, which goes before the built-in operators. */
export type FormatterCommands = Readonly<Record<string, OperatorCompiler>>;

export const FORMATTER_COMMANDS = serviceKey<ReadonlyMap<string, OperatorCompiler>>('formatter commands', new Map());

/** Envoy's operators that this proxy cannot fill. */
const REFUSED: Readonly<Record<string, string>> = {
  DOWNSTREAM_CX_RTT: 'Node.js does not tell what the kernel has measured',
};

/** Text and operators of a format in order; no two texts in a row. */
export type Template = readonly (string | Operator)[];

// Envoy's grammar: `%NAME`, parameters up to the first `)` that fits, a length, `%`.
const COMMAND = /%([A-Z0-9_]+)(?:\((.*?)\))?(?::(\d+))?%/y;
const MAX_LENGTH = 2n ** 64n;

/** `bytes`: the format as bytes of the wire. Reports what is wrong with it. */
export function compileTemplate(bytes: string, at: ConfigPath, context: CompileContext): Template | undefined {
  const parts: (string | Operator)[] = [];
  let text = '';
  for (let position = 0; position < bytes.length; ) {
    const percent = bytes.indexOf('%', position);
    text += bytes.substring(position, percent === -1 ? bytes.length : percent);
    if (percent === -1) break;
    if (bytes[percent + 1] === '%') {
      text += '%';
      position = percent + 2;
      continue;
    }
    COMMAND.lastIndex = percent;
    const command = COMMAND.exec(bytes);
    if (command === null || BigInt(command[3] ?? 0) >= MAX_LENGTH) {
      context.error(at, `Incorrect configuration: ${bytes}. Couldn't find valid command at position ${percent}`);
      return undefined;
    }
    const operator = compileCommand(command, context);
    if (typeof operator === 'string') {
      context.error(at, operator);
      return undefined;
    }
    if (text !== '') parts.push(text);
    text = '';
    parts.push(operator);
    position = COMMAND.lastIndex;
  }
  if (text !== '') parts.push(text);
  return parts;
}

function compileCommand([, name = '', params = '', length]: RegExpExecArray, context: CompileContext): Operator | string {
  const args = { name, params, length: length === undefined ? Infinity : Number(length) };
  return compileNamed(args, context) ?? `Not supported field in StreamInfo: ${name}${didYouMean(name, OPERATORS.keys())}`;
}

function compileNamed(args: OperatorArguments, context: CompileContext): Operator | string | undefined {
  const compile = context.service(FORMATTER_COMMANDS).get(args.name) ?? OPERATORS.get(args.name);
  if (compile === undefined && args.name in REFUSED) return `not supported: %${args.name}% (${REFUSED[args.name]})`;
  return compile?.(args, context);
}
