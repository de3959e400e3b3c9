import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ResponseReader } from '../../bench/end-to-end/load/response-reader.ts';

const LENGTH = 'HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello';
const EMPTY = 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nConnection: close\r\n\r\n';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';

function push(reader: ResponseReader, text: string): number {
  const bytes = Buffer.from(text, 'latin1');
  return reader.push(bytes, bytes.length);
}

describe('a reader of responses', () => {
  it('finds the end by Content-Length and by the last chunk', () => {
    expect(push(new ResponseReader(), LENGTH)).toBe(1);
    expect(push(new ResponseReader(), CHUNKED)).toBe(1);
    expect(push(new ResponseReader(), 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')).toBe(1);
  });

  it('tells status, fields and the announced end of the connection', () => {
    const reader = new ResponseReader();
    push(reader, LENGTH);
    expect([reader.status, reader.closes, reader.header('server')]).toEqual([200, false, 'x']);
    push(reader, EMPTY);
    expect([reader.status, reader.closes, reader.header('server')]).toEqual([503, true, undefined]);
  });

  it('counts several responses in one read', () => {
    expect(push(new ResponseReader(), LENGTH + EMPTY + LENGTH)).toBe(3);
  });

  it('counts the same whatever the splits', () => {
    const stream = LENGTH + EMPTY + LENGTH + CHUNKED;
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: stream.length - 1 })), (cuts) => {
        const reader = new ResponseReader();
        const edges = [0, ...cuts.sort((a, b) => a - b), stream.length];
        let complete = 0;
        for (let i = 1; i < edges.length; i++) complete += push(reader, stream.slice(edges[i - 1], edges[i]));
        expect(complete).toBe(4);
        expect(reader.bodyBytes).toBe(5 + 5 + '5\r\nhello\r\n0\r\n\r\n'.length);
      }),
    );
  });
});
