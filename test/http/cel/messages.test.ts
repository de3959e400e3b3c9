import { fromJson, type JsonObject } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import type { Expr } from '../../../src/api/generated/google/api/expr/v1alpha1.ts';
import { schemaOf } from '../../../src/api/registry.ts';
import { create } from '../../../src/api/protobuf.ts';
import { celAttributes } from '../../../src/http/cel/attributes.ts';
import { MAX_MESSAGE_DEPTH } from '../../../src/http/cel/from-message.ts';
import { celJson } from '../../../src/http/cel/print.ts';
import { compileCelMessage, compileCelText } from '../../../src/http/cel/program.ts';
import { forwardedEntry } from '../format/format-fixture.ts';

const SCHEMA = schemaOf('google.api.expr.v1alpha1.Expr');

/** Its value as JSON, or why it is refused. */
function run(expression: JsonObject): string {
  const program = compileCelMessage(fromJson(SCHEMA, expression) as unknown as Expr, { config: undefined, attributes: celAttributes(undefined) });
  if (typeof program === 'string') return program;
  const value = program(forwardedEntry());
  return value === undefined ? 'error' : celJson(value);
}

const int = (int64Value: string): JsonObject => ({ constExpr: { int64Value } });
const text = (stringValue: string): JsonObject => ({ constExpr: { stringValue } });

describe('a syntax tree', () => {
  it('holds constants of every type', () => {
    const constant = (value: JsonObject): string => run({ constExpr: value });
    expect(constant({ nullValue: null })).toBe('null');
    expect(constant({ boolValue: true })).toBe('true');
    expect(constant({ int64Value: '-3' })).toBe('-3');
    expect(constant({ uint64Value: '3' })).toBe('3');
    expect(constant({ doubleValue: 1.5 })).toBe('1.5');
    expect(constant({ stringValue: 'é' })).toBe('"\xc3\xa9"');
    expect(constant({ bytesValue: '/w==' })).toBe('"/w=="');
    expect(constant({ durationValue: '1.5s' })).toBe('"1.500s"');
    expect(constant({ timestampValue: '2020-01-01T00:00:00Z' })).toBe('"2020-01-01T00:00:00Z"');
    expect(constant({})).toBe('failed to create an expression: Unsupported constant type');
  });

  it('holds names, selections, calls, lists and maps', () => {
    expect(run({ selectExpr: { operand: { identExpr: { name: 'request' } }, field: 'method' } })).toBe('"GET"');
    expect(run({ selectExpr: { operand: { identExpr: { name: 'request' } }, field: 'nothing', testOnly: true } })).toBe('false');
    expect(run({ callExpr: { function: '_+_', args: [int('1'), int('2')] } })).toBe('3');
    expect(run({ callExpr: { target: text('abc'), function: 'endsWith', args: [text('c')] } })).toBe('true');
    expect(run({ callExpr: { target: { identExpr: { name: 're' } }, function: 'extract', args: [text('abc'), text('b'), text('<\\0>')] } })).toBe('"<b>"');
    expect(run({ listExpr: { elements: [int('1'), text('a')] } })).toBe('[1,"a"]');
    expect(run({ structExpr: { entries: [{ mapKey: text('k'), value: int('1') }] } })).toBe('{"k":1}');
  });

  it('is refused where a part is missing or cannot be', () => {
    expect(run({})).toBe('failed to create an expression: Invalid empty expression');
    expect(run({ listExpr: { elements: [{}] } })).toBe('failed to create an expression: Invalid empty expression');
    expect(run({ identExpr: {} })).toContain('identifier name is empty');
    expect(run({ selectExpr: { operand: text('a') } })).toContain('field name is empty');
    expect(run({ structExpr: { entries: [{ value: int('1') }] } })).toContain('a map entry has no key');
    expect(run({ structExpr: { messageName: 'a.B' } })).toContain("missing type info for 'a.B'");
    expect(run({ comprehensionExpr: {} })).toContain('Comprehension support is disabled');
    expect(run({ callExpr: { function: '_==_', args: [int('1')] } })).toContain('No overload found in reference resolve step for _==_');
  });

  it('may be so deep and not deeper', () => {
    const compiled = (depth: number): unknown => {
      let expression = create(SCHEMA, { exprKind: { case: 'constExpr', value: { constantKind: { case: 'boolValue', value: true } } } }) as unknown as Expr;
      for (let at = 0; at < depth; at++) expression = create(SCHEMA, { exprKind: { case: 'callExpr', value: { function: '!_', args: [expression] } } } as never) as unknown as Expr;
      return compileCelMessage(expression, { config: undefined, attributes: celAttributes(undefined) });
    };
    expect(compiled(MAX_MESSAGE_DEPTH)).toBeTypeOf('function');
    expect(compiled(MAX_MESSAGE_DEPTH + 1)).toContain(`may be ${MAX_MESSAGE_DEPTH} deep`);
    expect(compiled(100_000)).toContain(`may be ${MAX_MESSAGE_DEPTH} deep`);
  });
});

describe('a name that nothing has', () => {
  it('is told when the expression is compiled', () => {
    const told = (expression: string): string[] => {
      const warnings: string[] = [];
      expect(compileCelText(expression, { config: undefined, attributes: celAttributes(undefined), warn: (message) => warnings.push(message) })).toBeTypeOf('function');
      return warnings;
    };
    expect(told('reqest.path == "a"')).toEqual(["there is no attribute 'reqest' (did you mean 'request'?)"]);
    expect(told('request.usragent == "a" || request["paht"] == "b"')).toEqual(["there is no attribute 'usragent' (did you mean 'useragent'?)", "there is no attribute 'paht' (did you mean 'path'?)"]);
    expect(told('nothing')).toEqual(["there is no attribute 'nothing'"]);
    expect(told('has(request.paht) || request.headers.paht == metadata.filter_metadata.paht || type(1) == int || re.extract("a", "a", "a") == ""')).toEqual([]);
  });
});
