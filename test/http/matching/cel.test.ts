import type { JsonObject } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { action, dataOf, decide, extension, list } from './matching-fixture.ts';

const INPUT = extension('xds.type.matcher.v3.HttpAttributesCelMatchInput', {});

const constant = (value: JsonObject): JsonObject => ({ constExpr: value });
const text = (value: string): JsonObject => constant({ stringValue: value });
const ident = (name: string): JsonObject => ({ identExpr: { name } });
const select = (operand: JsonObject, field: string): JsonObject => ({ selectExpr: { operand, field } });
const call = (name: string, ...args: JsonObject[]): JsonObject => ({ callExpr: { function: name, args } });
const header = (message: string, name: string): JsonObject => select(select(ident(message), 'headers'), name);

describe('an expression in a matcher tree', () => {
  const decided = (match: JsonObject, x = 'a'): string => {
    const matcher = extension('xds.type.matcher.v3.CelMatcher', { exprMatch: match });
    return decide(list([[{ singlePredicate: { input: INPUT, customMatch: matcher } }, action('yes')]], action('rest')), dataOf({ x }));
  };

  test('finds the stream by its attributes, in whichever field it stands', () => {
    const isA = { expr: call('_==_', header('request', 'x'), text('a')) };
    for (const field of ['parsedExpr', 'checkedExpr', 'celExprParsed', 'celExprChecked']) {
      expect(decided({ [field]: isA }), field).toBe('yes');
      expect(decided({ [field]: isA }, 'b'), field).toBe('rest');
    }
    expect(decided({ parsedExpr: isA, celExprParsed: { expr: constant({ boolValue: false }) } })).toBe('rest');
  });

  test('that is no truth, or an error, does not hold', () => {
    expect(decided({ celExprParsed: { expr: text('true') } })).toBe('rest');
    expect(decided({ celExprParsed: { expr: call('_==_', header('request', 'none'), text('a')) } })).toBe('rest');
  });

  test('says nothing where it asks for a response that has not begun, unless it holds', () => {
    const ofResponse = call('_==_', header('response', 'x'), text('a'));
    expect(decided({ celExprParsed: { expr: ofResponse } })).toBe('undecided');
    expect(decided({ celExprParsed: { expr: call('_||_', ofResponse, constant({ boolValue: true })) } })).toBe('yes');
    expect(decided({ celExprParsed: { expr: call('_&&_', constant({ boolValue: false }), ofResponse) } })).toBe('rest');
    expect(decided({ celExprParsed: { expr: call('_&&_', ofResponse, constant({ boolValue: false })) } })).toBe('undecided');
  });
});
