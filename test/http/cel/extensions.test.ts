import { fromJson, type JsonObject } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import type { ExpressionFilter } from '../../../src/api/generated/envoy/extensions/access_loggers/filters/cel/v3.ts';
import type { Cel } from '../../../src/api/generated/envoy/extensions/formatter/cel/v3.ts';
import { apiTypes, schemaOf } from '../../../src/api/registry.ts';
import { ConfigPath } from '../../../src/core/problems.ts';
import { celAccessLogFilterExtension, celFormatterExtension } from '../../../src/http/cel/extensions.ts';
import { compileJsonFormat } from '../../../src/http/format/json-format.ts';
import { compileTextFormat } from '../../../src/http/format/format.ts';
import { FORMATTER_COMMANDS } from '../../../src/http/format/template.ts';
import { compileContext, forwardedEntry } from '../format/format-fixture.ts';

function written(format: string, config?: JsonObject): string {
  const { context, errors } = compileContext();
  const message = config && (fromJson(schemaOf('envoy.extensions.formatter.cel.v3.Cel'), config, { registry: apiTypes }) as unknown as Cel);
  const commands = message && new Map(Object.entries(celFormatterExtension.compile(message, ConfigPath.root, context)));
  const compiled = compileTextFormat(format, '-', ConfigPath.root.field('format'), commands === undefined ? context : context.with(FORMATTER_COMMANDS, commands));
  return compiled?.format(forwardedEntry()) ?? errors().join();
}

function json(format: string): string {
  return compileJsonFormat({ v: format }, false, ConfigPath.root, compileContext().context)!.format(forwardedEntry());
}

describe('%CEL% and %TYPED_CEL%', () => {
  it('are built in', () => {
    expect(written('%CEL(request.headers["x-a"])% %CEL(request.headers["x-a"]):2% %CEL(request.nothing)% %TYPED_CEL(1 + 1)%')).toBe('abcdef ab - 2');
    expect(written('%CEL(request.path.startsWith("/p") ? 50 % 7 : 0)%')).toBe('1');
  });

  it('differ in JSON', () => {
    expect(json('%CEL(response.code)%')).toBe('{"v":"200"}\n');
    expect(json('%TYPED_CEL(response.code)%')).toBe('{"v":200}\n');
    expect(json('%TYPED_CEL({"a": [1, "x"]})%')).toBe('{"v":{"a":[1,"x"]}}\n');
    expect(json('%CEL(nothing)%')).toBe('{"v":null}\n');
    expect(json('%TYPED_CEL(request.headers["x-a"]):2%')).toBe('{"v":"ab"}\n');
  });

  it('are told what they may do by the extension', () => {
    const upper = '%CEL(request.method.lowerAscii())%';
    expect(written(upper)).toBe('format: failed to create an expression: No overload found in reference resolve step for lowerAscii (cel_config.enable_string_functions brings it)');
    expect(written(upper, {})).toBe(written(upper));
    expect(written(upper, { cel_config: { enable_string_functions: true } })).toBe('get');
    expect(written('%CEL(string(1))%', { cel_config: { enable_string_conversion: true } })).toBe('1');
    expect(written('%CEL("a" + "b")%', { cel_config: { enable_string_concat: true } })).toBe('ab');
  });

  it('are refused where they are no expression', () => {
    expect(written('%CEL%')).toMatch(/^format: Not able to parse expression: Syntax error: the expression ends too early at 1$/);
    expect(written('%CEL(a +)%')).toMatch(/ends too early at 4$/);
    expect(written('%CEL([1].all(x, x > 0))%')).toBe('format: failed to create an expression: Comprehension support is disabled');
    expect(written("%CEL('a'.matches('('))%")).toMatch(/^format: failed to create an expression: invalid regular expression: /);
  });
});

describe('the access log filter', () => {
  function takes(config: JsonObject): boolean | string {
    const { context, errors } = compileContext();
    const message = fromJson(schemaOf('envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter'), config, { registry: apiTypes }) as unknown as ExpressionFilter;
    const filter = celAccessLogFilterExtension.compile(message, ConfigPath.root.field('typed_config'), context);
    return filter?.matches(forwardedEntry()) ?? errors().join();
  }

  it('takes what its expression is true of, and nothing else', () => {
    expect(takes({ expression: 'response.code >= 200 && request.headers["x-utf8"] == "\\"é\\t"' })).toBe(true);
    for (const expression of ['response.code > 200', 'nothing', 'response.code', '"true"']) expect(takes({ expression }), expression).toBe(false);
    expect(takes({ expression: '"é".upperAscii() == "é"', cel_config: { enable_string_functions: true } })).toBe(true);
  });

  it('is refused where it is none', () => {
    expect(takes({ expression: '1 +' })).toMatch(/^typed_config\.expression: Not able to parse expression: /);
    expect(takes({})).toMatch(/ends too early at 1$/);
  });
});
