import type { RequestDecoder, ResponseDecoder, ResponseEncoder } from '../../src/http/codec/codec.ts';
import { H1ClientCodec } from '../../src/http/codec/h1-client.ts';
import { LOWER_CASE } from '../../src/http/codec/field-case.ts';
import { HeadParser, STRICT } from '../../src/http/codec/h1-head.ts';
import { H1ServerCodec, type H1ServerOptions } from '../../src/http/codec/h1-server.ts';
import { HeaderMap } from '../../src/http/header-map.ts';
import type { Connection } from '../../src/transport/transport.ts';
import { requestBytes } from '../end-to-end/request.ts';
import type { MicroCase } from './runner/micro-case.ts';
import { Nowhere } from './nowhere.ts';

const REQUEST = requestBytes({ host: 'bench.example.com', path: '/svc57/api/v1/items?id=42', close: false });
const BODY = 'x'.repeat(1024);
const RESPONSE_HEAD = [
  'HTTP/1.1 200 OK',
  'Server: nginx',
  'Date: Sat, 21 Nov 2026 10:00:00 GMT',
  'Content-Type: application/json',
  `Content-Length: ${BODY.length}`,
  'Connection: keep-alive',
  'X-Powered-By: origin',
  'Cache-Control: no-store',
  'ETag: abcdef0123456789',
].join('\r\n');
const RESPONSE = Buffer.from(`${RESPONSE_HEAD}\r\n\r\n${BODY}`, 'latin1');
const OPTIONS = {
  maxHeadBytes: 60 * 1024,
  maxHeaders: 100,
  leniency: STRICT,
  trailers: false,
  fieldCase: LOWER_CASE,
  fullUrl: false,
  ignoredUpgrades: undefined,
  highWatermarkBytes: 1 << 20,
};
const SERVER_OPTIONS: H1ServerOptions = { ...OPTIONS, acceptHttp10: false, allowAbsoluteUrl: true, refusesHttpsInPlaintext: false, allowCustomMethods: false, underscores: 'allow' };

export const cases: readonly MicroCase[] = [parseRequestHead(), parseResponseHead(), serverExchange(), clientExchange()];

/** The parser writes into what it reads (lower-case names), so each operation gets fresh bytes, as from a socket. */
function parseRequestHead(): MicroCase {
  const parser = new HeadParser();
  const bytes = Buffer.alloc(64 * 1024);
  return {
    name: `parse a request head of ${REQUEST.length} bytes`,
    run: (count) => {
      let end = 0;
      for (let i = 0; i < count; i++) {
        bytes.set(REQUEST);
        end += parser.parseRequest(bytes, 0, REQUEST.length, 100, STRICT, new HeaderMap());
      }
      return end;
    },
  };
}

function parseResponseHead(): MicroCase {
  const parser = new HeadParser();
  const bytes = Buffer.alloc(64 * 1024);
  return {
    name: `parse a response head of ${RESPONSE.length - BODY.length} bytes`,
    run: (count) => {
      let end = 0;
      for (let i = 0; i < count; i++) {
        bytes.set(RESPONSE);
        end += parser.parseResponse(bytes, 0, RESPONSE.length, 100, STRICT, new HeaderMap());
      }
      return end;
    },
  };
}

/** A request in, the answer out, on a connection that goes nowhere. */
function serverExchange(): MicroCase {
  const answer = new HeaderMap();
  new HeadParser().parseResponse(Buffer.from(RESPONSE), 0, RESPONSE.length, 100, STRICT, answer);
  const body = Buffer.from(BODY);
  const connection = new Nowhere();
  let encoder: ResponseEncoder;
  const decoder = {
    onHeaders: () => {
      encoder.sendHeaders(answer, false);
      encoder.sendData(body, true);
      codec.onStreamDone();
    },
  } as unknown as RequestDecoder;
  const owner = {
    secure: false,
    newStream: (given: ResponseEncoder) => {
      encoder = given;
      return decoder;
    },
    onUnderscores: () => undefined,
    onCodecClosed: () => undefined,
  };
  const codec = new H1ServerCodec(connection as unknown as Connection, owner, SERVER_OPTIONS);
  const bytes = Buffer.alloc(64 * 1024);
  return {
    name: 'server: read a request, write a response of 1 KiB',
    run: (count) => {
      for (let i = 0; i < count; i++) {
        bytes.set(REQUEST);
        codec.onBytes(bytes, REQUEST.length);
      }
      return connection.written;
    },
  };
}

function clientExchange(): MicroCase {
  const request = new HeaderMap();
  new HeadParser().parseRequest(Buffer.from(REQUEST), 0, REQUEST.length, 100, STRICT, request);
  const connection = new Nowhere();
  let received = 0;
  const decoder = {
    onHeaders: () => undefined,
    onData: (chunk: Buffer) => {
      received += chunk.length;
    },
  } as unknown as ResponseDecoder;
  const owner = { onStreamEnd: () => undefined, onStreamReset: () => undefined, onCapacityChange: () => undefined, onCloseAnnounced: () => undefined, onCodecClosed: () => undefined, onProtocolError: () => undefined };
  const codec = new H1ClientCodec(connection as unknown as Connection, owner, OPTIONS);
  const bytes = Buffer.alloc(64 * 1024);
  return {
    name: 'client: write a request, read a response of 1 KiB',
    run: (count) => {
      for (let i = 0; i < count; i++) {
        codec.newStream(decoder).sendHeaders(request, true);
        bytes.set(RESPONSE);
        codec.onBytes(bytes, RESPONSE.length);
      }
      return received;
    },
  };
}
