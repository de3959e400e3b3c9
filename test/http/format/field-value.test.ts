import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigPath } from '../../../src/core/problems.ts';
import { compileFormat } from '../../../src/http/format/format.ts';
import { compileContext, headers, streamInfo } from './format-fixture.ts';

describe('a header value made by operators', () => {
  const { context } = compileContext();
  const format = compileFormat('%QUERY_PARAM(a)%', ConfigPath.root, context)!;
  const valueFor = (path: string): string =>
    format.format({ info: streamInfo(), requestHeaders: headers({ ':method': 'GET', ':path': path }), responseHeaders: undefined });

  it('has spaces where a client wrote control characters', () => {
    expect(valueFor('/?a=x%0d%0ay:%20z%00%7f')).toBe('x  y: z  ');
    expect(valueFor('/?a=tab%09stays%ff')).toBe('tab\tstays\xff');
  });

  it('never ends a line, whatever the query', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const escaped = Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
        expect(valueFor(`/?a=${escaped}`)).not.toMatch(/[\0\r\n]/);
      }),
    );
  });
});
