import { describe, expect, it } from 'vitest';
import { FilterRig, type JsonMessage } from '../../../../src/testing/index.ts';

const TYPE = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC';
const ANYBODY = { permissions: [{ any: true }], principals: [{ any: true }] };

const text = (value: string): JsonMessage => ({ const_expr: { string_value: value } });
const select = (root: string, field: string): JsonMessage => ({ select_expr: { operand: { ident_expr: { name: root } }, field } });
const call = (name: string, ...args: JsonMessage[]): JsonMessage => ({ call_expr: { function: name, args } });

function isAllowed(policy: JsonMessage, headers: Record<string, string> = {}): boolean {
  const rules = { action: 'ALLOW', policies: { p: { ...ANYBODY, ...policy } } };
  const rig = new FilterRig({ filters: [{ name: 'rbac', typed_config: { '@type': TYPE, rules } }] });
  return rig.send({ headers }).upstream !== undefined;
}

describe('the condition of a policy', () => {
  const isBob = call('_==_', call('_[_]', select('request', 'headers'), text('x-user')), text('bob'));

  it('must hold as well', () => {
    expect(isAllowed({ condition: isBob }, { 'x-user': 'bob' })).toBe(true);
    expect(isAllowed({ condition: isBob }, { 'x-user': 'ann' })).toBe(false);
    expect(isAllowed({ condition: isBob, permissions: [{ not_rule: { any: true } }] }, { 'x-user': 'bob' })).toBe(false);
  });

  it('does not hold where it cannot be evaluated or is no truth', () => {
    expect(isAllowed({ condition: call('!_', isBob) })).toBe(false);
    expect(isAllowed({ condition: call('_||_', isBob, call('_==_', select('request', 'method'), text('GET'))) })).toBe(true);
    expect(isAllowed({ condition: text('true') })).toBe(false);
    expect(isAllowed({ condition: select('response', 'code') })).toBe(false);
    expect(isAllowed({ condition: call('_==_', select('connection', 'mtls'), { const_expr: { bool_value: false } }) })).toBe(true);
  });

  it('is refused where it is no expression, with its place', () => {
    const problem = (policy: JsonMessage): string => {
      try {
        isAllowed(policy);
        return '';
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(problem({ condition: {} })).toContain('failed to create an expression: Invalid empty expression');
    expect(problem({ condition: call('nothing', text('a')) })).toContain('No overload found in reference resolve step for nothing');
    expect(problem({ condition: call('lowerAscii', text('a')) })).toContain('policies["p"].condition');
  });

  it('may use what `cel_config` enables', () => {
    const joined = call('_==_', call('_+_', text('bo'), text('b')), text('bob'));
    expect(isAllowed({ condition: joined })).toBe(false);
    expect(isAllowed({ condition: joined, cel_config: { enable_string_concat: true } })).toBe(true);
  });
});
