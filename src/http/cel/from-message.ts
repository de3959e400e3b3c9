import type { Constant as SpecConstant, Expr as SpecExpr } from '../../api/generated/cel/expr.ts';
import type { Constant, Expr } from '../../api/generated/google/api/expr/v1alpha1.ts';
import { wireText, wireTextFromBytes } from '../../core/wire-text.ts';
import { type CelExpression, CelSyntaxError } from './expression.ts';
import { CelBytes, CelDuration, CelTimestamp, CelUint, type CelValue } from './value.ts';

/** How deep a message may be: far below what the stack takes, above what decoders let through. */
export const MAX_MESSAGE_DEPTH = 256;

/** `google.api.expr.v1alpha1.Expr` or its newer twin `cel.expr.Expr`; a string says what is wrong. */
export function celFromMessage(message: Expr | SpecExpr | undefined): CelExpression | string {
  try {
    return expressionOf(message, 0);
  } catch (error) {
    if (error instanceof CelSyntaxError) return error.message;
    throw error;
  }
}

function expressionOf(message: Expr | SpecExpr | undefined, depth: number): CelExpression {
  if (depth > MAX_MESSAGE_DEPTH) throw new CelSyntaxError(`an expression may be ${MAX_MESSAGE_DEPTH} deep`);
  const inner = (part: Expr | SpecExpr | undefined): CelExpression => expressionOf(part, depth + 1);
  const kind = message?.exprKind;
  switch (kind?.case) {
    case 'constExpr':
      return { kind: 'constant', value: constantOf(kind.value) };
    case 'identExpr':
      if (kind.value.name === '') throw new CelSyntaxError('Invalid expression: identifier name is empty');
      return { kind: 'ident', name: wireText(kind.value.name) };
    case 'selectExpr':
      if (kind.value.field === '') throw new CelSyntaxError('Invalid expression: field name is empty');
      return { kind: 'select', operand: inner(kind.value.operand), field: wireText(kind.value.field), test: kind.value.testOnly };
    case 'callExpr': {
      const { target, function: name, args } = kind.value;
      return { kind: 'call', target: target && inner(target), name, args: args.map(inner) };
    }
    case 'listExpr':
      return { kind: 'list', items: kind.value.elements.map(inner) };
    case 'structExpr':
      return kind.value.messageName === '' ? { kind: 'map', entries: kind.value.entries.map(({ keyKind, value }) => [keyOf(keyKind, inner), inner(value)]) } : { kind: 'struct', typeName: kind.value.messageName };
    case 'comprehensionExpr':
      return { kind: 'comprehension' };
    default:
      throw new CelSyntaxError('Invalid empty expression');
  }
}

type KeyKind = { case: 'fieldKey'; value: string } | { case: 'mapKey'; value: Expr | SpecExpr } | { case: undefined; value?: undefined };

function keyOf(key: KeyKind, inner: (part: Expr | SpecExpr | undefined) => CelExpression): CelExpression {
  if (key.case !== 'mapKey') throw new CelSyntaxError('Invalid expression: a map entry has no key');
  return inner(key.value);
}

function constantOf({ constantKind }: Constant | SpecConstant): CelValue {
  switch (constantKind.case) {
    case 'nullValue':
      return null;
    case 'boolValue':
    case 'int64Value':
    case 'doubleValue':
      return constantKind.value;
    case 'uint64Value':
      return new CelUint(constantKind.value);
    case 'stringValue':
      return wireText(constantKind.value);
    case 'bytesValue':
      return new CelBytes(wireTextFromBytes(constantKind.value));
    case 'durationValue':
      return new CelDuration(nanosOf(constantKind.value));
    case 'timestampValue':
      return new CelTimestamp(nanosOf(constantKind.value));
    default:
      throw new CelSyntaxError('Unsupported constant type');
  }
}

function nanosOf({ seconds, nanos }: { readonly seconds: bigint; readonly nanos: number }): bigint {
  return seconds * 1_000_000_000n + BigInt(nanos);
}
