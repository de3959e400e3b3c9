import { fromJson, type JsonObject } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { apiTypes, schemaOf } from '../../../src/api/registry.ts';
import type { RateLimit_Action } from '../../../src/api/generated/envoy/config/route/v3.ts';
import type { Descriptor } from '../../../src/api/generated/envoy/extensions/rate_limit_descriptors/expr/v3.ts';
import { ConfigPath } from '../../../src/core/problems.ts';
import { compileAction } from '../../../src/http/rate-limit/action.ts';
import type { DescriptorEntry } from '../../../src/http/rate-limit/descriptor.ts';
import { expressionDescriptorExtension } from '../../../src/http/rate-limit/expression.ts';
import { compileContext, forwardedEntry } from '../format/format-fixture.ts';

/** The entries, `void` where the descriptor is, or what is wrong. */
function entriesOf(config: JsonObject): DescriptorEntry[] | string {
  const { context, errors } = compileContext();
  const message = fromJson(schemaOf('envoy.extensions.rate_limit_descriptors.expr.v3.Descriptor'), config, { registry: apiTypes }) as unknown as Descriptor;
  const resolve = (category: string): unknown => (category === 'envoy.rate_limit_descriptors' ? { extension: expressionDescriptorExtension, config: message } : undefined);
  const action = { actionSpecifier: { case: 'extension', value: { name: 'expr' } } } as unknown as RateLimit_Action;
  const compiled = compileAction(action, ConfigPath.root.field('action'), { ...context, resolve } as typeof context);
  if (compiled === undefined) return errors().join();
  const { info, requestHeaders } = forwardedEntry();
  const entries: DescriptorEntry[] = [];
  return compiled({ info, headers: requestHeaders!, route: undefined }, entries) ? entries : 'void';
}

describe('the descriptor of an expression', () => {
  it('has its value as text', () => {
    expect(entriesOf({ descriptor_key: 'k', text: 'request.method' })).toEqual([{ key: 'k', value: 'GET' }]);
    expect(entriesOf({ descriptor_key: 'é', text: 'request.path.startsWith("/p")' })).toEqual([{ key: '\xc3\xa9', value: 'true' }]);
    expect(entriesOf({ descriptor_key: 'k', parsed: { const_expr: { int64_value: '7' } } })).toEqual([{ key: 'k', value: '7' }]);
  });

  it('is void where the expression is an error, or lacks that entry', () => {
    expect(entriesOf({ descriptor_key: 'k', text: 'request.referer' })).toBe('void');
    expect(entriesOf({ descriptor_key: 'k', text: 'request.referer', skip_if_error: true })).toEqual([]);
    expect(entriesOf({ descriptor_key: 'k', text: 'xds.node.id' })).toBe('void');
  });

  it('is refused where it is no expression', () => {
    expect(entriesOf({ descriptor_key: 'k', text: '1 +' })).toMatch(/^action\.extension\.typed_config: Not able to parse expression: /);
    expect(entriesOf({ descriptor_key: 'k' })).toMatch(/Invalid empty expression$/);
  });
});
