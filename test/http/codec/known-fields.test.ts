import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { announceWords } from '../../../src/core/byte-words.ts';
import { HeadParser, type HeadLeniency, STRICT } from '../../../src/http/codec/h1-head.ts';
import { MAX_BLOCK_BYTES } from '../../../src/http/codec/known-fields.ts';
import { HeaderMap } from '../../../src/http/header-map.ts';
import { headerName } from '../../../src/http/header-name.ts';

const shared = Buffer.alloc(16_384);
announceWords(shared);

interface Options {
  readonly maxLines?: number;
  readonly leniency?: HeadLeniency;
  readonly bytes?: Buffer;
}

/** What a parser says of a head, and what becomes of it when lines are changed. */
function said(parser: HeadParser, text: string, { maxLines = 100, leniency = STRICT, bytes = shared }: Options = {}): unknown {
  const headers = new HeaderMap();
  bytes.write(text, 0, 'latin1');
  const isResponse = text.startsWith('HTTP/');
  const end = isResponse
    ? parser.parseResponse(bytes, 0, text.length, maxLines, leniency, headers)
    : parser.parseRequest(bytes, 0, text.length, maxLines, leniency, headers);
  if (end < 0) return end === -1 ? 'incomplete' : parser.problem;
  const { method, path, authority, status } = headers;
  const facts = { ...parser.facts, hostStart: 0, hostEnd: 0 };
  const read = headers.serialise();
  headers.remove(headerName('accept'));
  headers.set(headerName('via'), 'x');
  return { end, method, path, authority, status, version: parser.version, facts, read, changed: headers.serialise() };
}

/** By a parser that has met nothing. */
function freshly(text: string, options: Options = {}): unknown {
  return said(new HeadParser(), text, { ...options, bytes: Buffer.alloc(16_384) });
}

function request(lines: string, target = '/'): string {
  return `GET ${target} HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;
}

describe('a block of field lines that came before', () => {
  it('says the same again, behind any request line and in front of any body', () => {
    const parser = new HeadParser();
    const head = request('Accept: */*\r\nX-Unknown-Name:  loose \r\nContent-Length: 3\r\n');
    for (let i = 0; i < 20; i++) expect(said(parser, `${head}abc`)).toEqual(freshly(`${head}abc`));
    for (const target of ['/', '/long/er?path', '*']) {
      const other = request('Accept: */*\r\nX-Unknown-Name:  loose \r\nContent-Length: 3\r\n', target);
      expect(said(parser, `${other}xyz`)).toEqual(freshly(`${other}xyz`));
    }
  });

  it('is not taken for another of the same length', () => {
    const parser = new HeadParser();
    for (let i = 0; i < 20; i++) said(parser, request('Accept: */*\r\nX-Id: 1\r\n'));
    for (const lines of ['Accept: */*\r\nX-Id: 2\r\n', 'Accept: a/b\r\nX-Id: 1\r\n', 'accept: */*\r\nX-Id: 1\r\n', 'Accept: */*\r\nX-Id:1 \r\n']) {
      for (let i = 0; i < 3; i++) expect(said(parser, request(lines))).toEqual(freshly(request(lines)));
    }
  });

  it('is as incomplete as it was', () => {
    const parser = new HeadParser();
    const head = request('Accept: */*\r\nX-Id: 1\r\n');
    for (let i = 0; i < 20; i++) said(parser, head);
    for (let cut = 1; cut <= head.length; cut++) expect(said(parser, head.slice(0, -cut))).toBe('incomplete');
  });

  it('obeys other limits and other leniency than before', () => {
    const parser = new HeadParser();
    const head = request('Host: b\r\nContent-Length: 3\r\nAccept: */*\r\n');
    const leniency = { ...STRICT, severalHosts: true };
    for (let i = 0; i < 20; i++) expect(said(parser, head, { leniency })).toMatchObject({ end: head.length });
    expect(said(parser, head)).toBe('several-hosts');
    expect(said(parser, head, { leniency, maxLines: 3 })).toBe('too-many-headers');
    expect(said(parser, head, { leniency, maxLines: 4 })).toMatchObject({ end: head.length });
  });

  it('knows a name that a configuration has brought since', () => {
    const parser = new HeadParser();
    const head = request('X-Named-Later: 1\r\n');
    for (let i = 0; i < 20; i++) said(parser, head);
    const name = headerName('x-named-later');
    const headers = new HeaderMap();
    shared.write(head, 0, 'latin1');
    parser.parseRequest(shared, 0, head.length, 100, STRICT, headers);
    expect(headers.get(name)).toBe('1');
  });

  it('is not kept when it is long', () => {
    const parser = new HeadParser();
    const head = request(`Cookie: ${'c'.repeat(MAX_BLOCK_BYTES)}\r\n`);
    for (let i = 0; i < 20; i++) expect(said(parser, head)).toEqual(freshly(head));
  });

  it('never changes what any sequence of heads says', () => {
    const line = fc.constantFrom(
      'Accept: */*', 'accept: */*', 'Connection: close', 'Connection: keep-alive', 'Connection: x-a', 'Content-Length: 1', 'Content-Length: 2', 'Transfer-Encoding: chunked',
      'Expect: 100-continue', 'Upgrade: a', 'Host: b', 'X-A:b', 'X-A:  b', 'X-B: 1', 'X-B: 2', 'Bad Name: 1', ' folded', 'Cookie: a=1', 'Cookie: a=1',
    );
    const head = fc.tuple(fc.constantFrom('GET / HTTP/1.1', 'POST /x HTTP/1.0', 'HTTP/1.1 200 OK', 'HTTP/1.1 404 Not Found'), fc.array(line, { maxLength: 4 }), fc.constantFrom('', 'b', 'bo'));
    fc.assert(
      fc.property(fc.array(head, { minLength: 1, maxLength: 3 }), fc.array(fc.nat(2), { maxLength: 40 }), (heads, order) => {
        const parser = new HeadParser();
        for (const index of order) {
          const [start, lines, body] = heads[index % heads.length]!;
          const text = `${[start, ...lines].join('\r\n')}\r\n\r\n${body}`;
          expect(said(parser, text)).toEqual(freshly(text));
        }
      }),
    );
  });
});
