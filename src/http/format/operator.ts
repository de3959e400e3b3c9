import type { CompileContext } from '../../core/extension.ts';
import type { AccessLogType } from '../access-log.ts';
import type { HeaderMap } from '../header-map.ts';
import type { StreamInfo } from '../stream-info.ts';
import { jsonText } from './json-text.ts';

/**
 * What operators read. An access log entry and the context of a header mutation both are one. All text is bytes of the wire,
 * one character a byte.
 */
export interface FormatContext {
  readonly info: StreamInfo;
  readonly requestHeaders: HeaderMap | undefined;
  readonly responseHeaders: HeaderMap | undefined;
  readonly responseTrailers?: HeaderMap | undefined;
  readonly type?: AccessLogType;
  /** Only while the body of a local reply is made. */
  readonly localReplyBody?: string;
}

/** One compiled `%OPERATOR%`. */
export interface Operator {
  /** Undefined when the stream has no such value. */
  text(context: FormatContext): string | undefined;
  /** The value as JSON text: numbers stay numbers. */
  json(context: FormatContext): string | undefined;
}

/** What stands between the parentheses and after the colon of `%NAME(PARAMS):LENGTH%`. */
export interface OperatorArguments {
  readonly name: string;
  readonly params: string;
  /** Infinity when there is none. */
  readonly length: number;
}

/** Compiles an operator, or says in Envoy's words what is wrong with its arguments. */
export type OperatorCompiler = (args: OperatorArguments, context: CompileContext) => Operator | string;

export function textOperator(read: (context: FormatContext) => string | undefined, length = Infinity): Operator {
  const text = length === Infinity ? read : (context: FormatContext) => read(context)?.substring(0, length);
  return {
    text,
    json: (context) => {
      const value = text(context);
      return value === undefined ? undefined : `"${jsonText(value)}"`;
    },
  };
}

/** For text that is '' while it is unknown. */
export function nonEmptyTextOperator(read: (context: FormatContext) => string): Operator {
  return textOperator((context) => {
    const value = read(context);
    return value === '' ? undefined : value;
  });
}

export function numberOperator(read: (context: FormatContext) => number | undefined): Operator {
  const text = (context: FormatContext): string | undefined => {
    const value = read(context);
    return value === undefined ? undefined : String(value);
  };
  return { text, json: text };
}

/** Takes neither parameters nor a length. */
export function plain(make: (context: CompileContext) => Operator): OperatorCompiler {
  return ({ name, params, length }, context) =>
    params === '' && length === Infinity ? make(context) : `${name} does not take any parameters or length`;
}

/** Takes parameters and no length. */
export function withoutLength(compile: OperatorCompiler): OperatorCompiler {
  return (args, context) => (args.length === Infinity ? compile(args, context) : `${args.name} does not allow length to be specified.`);
}

export function withParams(compile: OperatorCompiler): OperatorCompiler {
  return (args, context) => (args.params === '' ? `${args.name} requires parameters` : compile(args, context));
}
