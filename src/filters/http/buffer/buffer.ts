import { CONTINUE, type FilterStatus, type FilterStream, type HttpFilter, STOP, STOP_AND_BUFFER } from '../../../http/filter.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';

/** Of a route; `maxRequestBytes` 0: off. */
export interface BufferRouteConfig {
  readonly maxRequestBytes: number;
}

/** What a request has sent so far. */
interface Count {
  bytes: number;
}

/** envoy.filters.http.buffer: forwards a request when all of it is here, with its length. */
export class BufferFilter implements HttpFilter {
  readonly #maxRequestBytes: number;

  constructor(maxRequestBytes: number) {
    this.#maxRequestBytes = maxRequestBytes;
  }

  decodeHeaders(stream: FilterStream, _headers: HeaderMap, end: boolean): FilterStatus {
    if (end) return CONTINUE;
    const limitBytes = (stream.perRoute as BufferRouteConfig | undefined)?.maxRequestBytes ?? this.#maxRequestBytes;
    if (limitBytes === 0) return CONTINUE;
    stream.handle().setDecodingBufferLimit(limitBytes);
    stream.state = { bytes: 0 } satisfies Count;
    return STOP;
  }

  decodeData(stream: FilterStream, chunk: Buffer, end: boolean): FilterStatus {
    const count = stream.state as Count | undefined;
    if (count === undefined) return CONTINUE;
    count.bytes += chunk.length;
    if (!end) return STOP_AND_BUFFER;
    tellLength(stream.requestHeaders, count.bytes);
    return CONTINUE;
  }

  decodeTrailers(stream: FilterStream): FilterStatus {
    const count = stream.state as Count | undefined;
    if (count !== undefined) tellLength(stream.requestHeaders, count.bytes);
    return CONTINUE;
  }
}

function tellLength(headers: HeaderMap, bytes: number): void {
  if (headers.has(H.contentLength)) return;
  headers.remove(H.transferEncoding);
  headers.set(H.contentLength, String(bytes));
}
