import { HeadParser, STRICT } from '../../src/http/codec/h1-head.ts';
import { H } from '../../src/http/header-name.ts';
import { HeaderMap } from '../../src/http/header-map.ts';
import { requestBytes } from '../end-to-end/request.ts';
import type { MicroCase } from './runner/micro-case.ts';

const HEAD = requestBytes({ host: 'bench.example.com', path: '/svc57/api/v1/items?id=42', close: false });
const parsed = parse();
const out = Buffer.alloc(4096);

export const cases: readonly MicroCase[] = [
  { name: 'get, there', run: repeat(() => parsed.get(H.userAgent)) },
  { name: 'get, not there', run: repeat(() => parsed.get(H.envoyRetryOn)) },
  { name: 'has, not there', run: repeat(() => parsed.has(H.xForwardedFor)) },
  { name: 'get by text, name not interned', run: repeat(() => parsed.getText('accept-language')) },
  { name: 'clone', run: repeat(() => parsed.clone()) },
  { name: 'clone, set, add 3, remove 1', run: repeat(() => changed()) },
  { name: 'serialise, as read', run: repeat(() => parsed.serialise()) },
  { name: 'clone, set, add 3, remove 1, serialise', run: repeat(() => changed().serialise()) },
  { name: 'clone, set, add 3, remove 1, serialise, write as bytes', run: repeat(() => out.write(changed().serialise(), 'latin1')) },
  { name: 'byte size', run: repeat(() => parsed.byteSize()) },
];

function parse(): HeaderMap {
  const headers = new HeaderMap();
  new HeadParser().parseRequest(Buffer.from(HEAD), 0, HEAD.length, 100, STRICT, headers);
  return headers;
}

/** What a proxy does to a request. */
function changed(): HeaderMap {
  const headers = parsed.clone();
  headers.set(H.xForwardedProto, 'http');
  headers.add(H.xForwardedFor, '127.0.0.1');
  headers.add(H.xRequestId, '0f0e7c6e-52a6-4e3c-8f3c-0123456789ab');
  headers.add(H.envoyExpectedRqTimeoutMs, '15000');
  headers.remove(H.cookie);
  return headers;
}

function repeat(operation: () => unknown): MicroCase['run'] {
  return (count) => {
    let last: unknown;
    for (let i = 0; i < count; i++) last = operation();
    return last;
  };
}
