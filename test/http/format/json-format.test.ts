import type { JsonObject } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigPath } from '../../../src/core/problems.ts';
import { wireText } from '../../../src/core/wire-text.ts';
import { compileJsonFormat } from '../../../src/http/format/json-format.ts';
import { jsonOfValue, jsonText, numberText } from '../../../src/http/format/json-text.ts';
import { compileContext, forwardedEntry, headers, refusedEntry } from './format-fixture.ts';

function format(object: JsonObject, omitEmpty = false, entry = forwardedEntry()): string {
  const { context, errors } = compileContext();
  const compiled = compileJsonFormat(object, omitEmpty, ConfigPath.root, context);
  if (compiled === undefined) throw new Error(errors().join('\n'));
  return compiled.format(entry);
}

describe('a JSON format', () => {
  it('sorts keys by bytes, keeps literals, types single operators and nulls what is missing', () => {
    const object = {
      é: '%PROTOCOL%', Z: 'z', a: 1.5, big: 1e20, neg: -3, e: '', t: true, nu: null, num: '5', pct: '%%', o: {}, el: [],
      l: [1, '%REQ(nope)%', null, 'x%REQ(nope)%', ['%RESPONSE_CODE%', {}]], two: '%RESPONSE_CODE%%BYTES_SENT%',
    };
    expect(format(object)).toBe(
      '{"Z":"z","a":1.5,"big":1e+20,"e":"","el":[],"l":[1,null,null,"x-",[200,{}]],"neg":-3,"nu":null,"num":"5","o":{},"pct":"%","t":true,"two":"2003","\xc3\xa9":"HTTP/1.1"}\n',
    );
  });

  it('leaves out what is empty where it is told to, and objects in which nothing is left', () => {
    const object = {
      lit: 1.5, nu: null, e: '', f: '%REQ(x-empty)%', two: '%REQ(nope)%%REQ(nope)%',
      l: [1, '%REQ(nope)%', null, 'x%REQ(nope)%', { a: '%REQ(nope)%' }, ['%REQ(nope)%']], o: { p: { q: '%REQ(nope)%' } },
    };
    expect(format(object, true)).toBe('{"e":"","f":"","l":[1,"x",[]],"lit":1.5,"two":""}\n');
    expect(format({ a: '%REQ(nope)%' }, true)).toBe('{}\n');
  });

  it('escapes UTF-8 text shortly, and every unusual byte of other text', () => {
    expect(format({ a: '%REQ(x-odd)%', b: 'é %REQ(x-odd)%', c: '%REQ(x-utf8)%' })).toBe(
      '{"a":"q\\u0022b\\u005cc\\u00e9","b":"\xc3\xa9 q\\u0022b\\u005cc\\u00e9","c":"\\"\xc3\xa9\\t"}\n',
    );
    expect(jsonText('a\x01\x7f\\/\n\r\t\b\f<>')).toBe('a\\u0001\x7f\\\\/\\n\\r\\t\\b\\f<>');
    expect(jsonText('\xed\xa0\x80')).toBe('\\u00ed\\u00a0\\u0080');
    expect(jsonText('x\xff\x7f')).toBe('x\\u00ff\\u007f');
  });

  it('reports an operator inside with the path to it', () => {
    const { context, errors } = compileContext();
    expect(compileJsonFormat({ a: { b: ['x', '%FOO%'] } }, false, ConfigPath.root.field('json_format'), context)).toBeUndefined();
    expect(errors()).toEqual(['json_format["a"]["b"][1]: Not supported field in StreamInfo: FOO']);
  });

  it('is one line of JSON whatever a peer sends', () => {
    const object = { a: '%REQ(x)%', b: ['<%REQ(x)%>'], c: { d: '%RESP(x):5%', é: '%QUERY_PARAM(q)%' } };
    const bytes = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 20 });
    fc.assert(
      fc.property(bytes, bytes, fc.boolean(), (value, query, omit) => {
        const entry = { ...refusedEntry(), requestHeaders: headers({ ':path': `/?q=${query}`, x: value }), responseHeaders: headers({ x: value }) };
        const line = format(object, omit, entry);
        expect(line.indexOf('\n')).toBe(line.length - 1);
        const parsed = JSON.parse(Buffer.from(line, 'latin1').toString('utf8')) as { b: [string] };
        expect(typeof parsed.b[0]).toBe('string');
      }),
    );
  });
});

describe('a JSON number', () => {
  it.each([
    [1.5, '1.5'], [5, '5'], [1e20, '1e+20'], [0.1, '0.1'], [1e300, '1e+300'], [1e15, '1e+15'], [123456789012345680, '123456789012345680'],
    [-0, '-0'], [2 ** 53, '9007199254740992'], [1e-7, '1e-07'], [123456.789, '123456.789'], [-5, '-5'], [9.2e18, '9.2e+18'], [0.0001, '1e-04'], [100000, '1e+05'], [10000, '10000'], [3, '3'],
  ])('%d is written %s', (value, expected) => {
    expect(numberText(value)).toBe(expected);
  });

  it('says the same number', () => {
    fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => void expect(Number(numberText(value))).toBe(value)));
  });

  it('stands in any value like JSON of it with sorted keys', () => {
    const parsed = (json: string): unknown => JSON.parse(Buffer.from(json, 'latin1').toString('utf8'));
    fc.assert(fc.property(fc.jsonValue(), (value) => void expect(parsed(jsonOfValue(value))).toEqual(value)));
    expect(jsonOfValue({ b: 1, a: 'é' })).toBe(`{"a":"${wireText('é')}","b":1}`);
  });
});
