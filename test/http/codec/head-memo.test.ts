import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeadMemo } from '../../../src/http/codec/head-memo.ts';
import { CasedHeaderMap } from '../../../src/http/codec/field-case.ts';
import { HeadParser, STRICT } from '../../../src/http/codec/h1-head.ts';
import { HeaderMap } from '../../../src/http/header-map.ts';
import { headerName } from '../../../src/http/header-name.ts';

const parser = new HeadParser();
const ID = headerName('x-request-id');
const VIA = headerName('via');

function read(text: string, headers = new HeaderMap()): HeaderMap {
  const bytes = Buffer.from(text, 'latin1');
  expect(parser.parseRequest(bytes, 0, bytes.length, 100, STRICT, headers)).toBe(bytes.length);
  return headers;
}

/** Of lines whose text is shared, as of heads that are known. */
class Kinds {
  readonly #read = new Map<string, HeaderMap>();

  headers(text: string): HeaderMap {
    if (!this.#read.has(text)) this.#read.set(text, read(text));
    return this.#read.get(text)!.clone();
  }
}

function memoOf(): HeadMemo {
  return new HeadMemo((key) => `[${key}]`);
}

const FEW = 'GET / HTTP/1.1\r\nhost: a\r\naccept: */*\r\nvia: 1.0 x\r\nx-drop: 1\r\n\r\n';
const MANY = 'GET / HTTP/1.1\r\nhost: a\r\nvia: 1.0 x\r\nx-drop:  1\r\ncookie: a\r\n\r\n';

describe('heads made of the parts of those before', () => {
  it('are what their lines make, whatever was changed, removed and added', () => {
    const change = fc.record({
      text: fc.constantFrom(FEW, MANY),
      key: fc.constantFrom('a', 'b'),
      framing: fc.constantFrom('\r\n', 'content-length: 0\r\n\r\n'),
      id: fc.constantFrom(undefined, '1', '2', 'an id of more than twelve bytes'),
      via: fc.constantFrom('keep', 'remove', 'set', 'set and remove'),
      other: fc.constantFrom(undefined, 'x-never-interned-a', 'x-never-interned-b'),
      drop: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 60 }), (changes) => {
        const memo = memoOf();
        const kinds = new Kinds();
        for (const { text, key, framing, id, via, other, drop } of changes) {
          const headers = kinds.headers(text);
          if (drop) headers.removeText('x-drop');
          if (via.startsWith('set')) headers.set(VIA, `1.1 ${key}`);
          if (via.endsWith('remove')) headers.remove(VIA);
          if (other !== undefined) headers.addText(other, 'v');
          if (id !== undefined) headers.set(ID, id);
          expect(memo.head(key, headers, framing)).toBe(`[${key}]${headers.serialise()}${framing}`);
        }
      }),
    );
  });

  it('take no line apart once they are known', () => {
    const memo = memoOf();
    const kinds = new Kinds();
    let made = 0;
    for (let count = 0; count < 100; count++) {
      const headers = kinds.headers(FEW);
      headers.set(ID, `${count}`);
      const serialise = headers.serialise.bind(headers);
      headers.serialise = () => {
        made++;
        return serialise();
      };
      expect(memo.head('k', headers, '\r\n')).toContain(`x-request-id: ${count}\r\n`);
    }
    expect(made).toBeLessThan(10);
  });

  it('keep the letters of names that are to be kept', () => {
    const memo = memoOf();
    for (let count = 0; count < 10; count++) {
      const headers = new CasedHeaderMap('proper');
      headers.set(ID, '1');
      expect(memo.head('k', headers, '\r\n')).toBe('[k]X-Request-Id: 1\r\n\r\n');
    }
  });

  it('are not kept when they are long', () => {
    const memo = memoOf();
    const headers = read(`GET / HTTP/1.1\r\nhost: a\r\ncookie: ${'c'.repeat(5000)}\r\n\r\n`);
    let shapes = 0;
    const shape = headers.shape.bind(headers);
    headers.shape = () => {
      shapes++;
      return shape();
    };
    for (let count = 0; count < 10; count++) expect(memo.head('k', headers, '\r\n')).toBe(`[k]${headers.serialise()}\r\n`);
    expect(shapes).toBe(0);
  });
});
