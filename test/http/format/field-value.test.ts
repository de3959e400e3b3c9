import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigPath } from '../../../src/core/problems.ts';
import { compileFormat, compileHostFormat, compileTargetFormat, type Format } from '../../../src/http/format/format.ts';
import { compileContext, headers, streamInfo } from './format-fixture.ts';

const { context } = compileContext();
const valueOf = (format: Format, path: string): string =>
  format.format({ info: streamInfo(), requestHeaders: headers({ ':method': 'GET', ':path': path }), responseHeaders: undefined });

describe('what operators make of a query', () => {
  it('has spaces for control characters in a header value', () => {
    const format = compileFormat('%QUERY_PARAM(a)%', ConfigPath.root, context)!;
    expect(valueOf(format, '/?a=x%0d%0ay:%20z%00%7f')).toBe('x  y: z  ');
    expect(valueOf(format, '/?a=tab%09stays%ff')).toBe('tab\tstays\xff');
  });

  it('is percent-encoded again where it would end the target of a request line', () => {
    const format = compileTargetFormat('/to/%QUERY_PARAM(a)%', '', ConfigPath.root, context)!;
    expect(valueOf(format, '/?a=x%20HTTP/1.1%0d%0ahost:b%00')).toBe('/to/x%20HTTP/1.1%0D%0Ahost:b%00');
    expect(valueOf(format, '/?a=plain')).toBe('/to/plain');
  });

  it.each([
    ['a header value', compileFormat('%QUERY_PARAM(a)%', ConfigPath.root, context)!, /[\0\r\n]/],
    ['a host', compileHostFormat('%QUERY_PARAM(a)%', '-', ConfigPath.root, context)!, /[\0\r\n]/],
    ['a target', compileTargetFormat('%QUERY_PARAM(a)%', '', ConfigPath.root, context)!, /[\0\r\n ]/],
  ] as const)('never ends a line in %s', (_where, format, forbidden) => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const escaped = Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
        expect(valueOf(format, `/?a=${escaped}`)).not.toMatch(forbidden);
      }),
    );
  });
});
