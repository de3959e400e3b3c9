import { CONTINUE, type FilterStatus, type FilterStream, type HttpFilter, STOP, TAKEN } from '../../../http/filter.ts';
import { HeaderMap } from '../../../http/header-map.ts';
import { H, headerName } from '../../../http/header-name.ts';
import { grpcStatusOf } from '../../../http/grpc-status.ts';
import { Base64Stream, FrameBase64 } from './frame-base64.ts';
import type { GrpcWebStats, MethodStats } from './grpc-web-stats.ts';

const ACCEPT = headerName('accept');
const TE = headerName('te');
const GRPC_ACCEPT_ENCODING = headerName('grpc-accept-encoding');

const BINARY = 'application/grpc-web';
const TEXT = 'application/grpc-web-text';
/** Marks the frame that carries the trailers. */
const TRAILER_FLAG = 0x80;

interface GrpcWebStream {
  /** Undefined: binary. */
  readonly requestText: Base64Stream | undefined;
  readonly responseText: FrameBase64 | undefined;
  /** Undefined: the path names no method. */
  readonly stats: MethodStats | undefined;
  /** The body so far of a response that is none of gRPC; undefined: it is one. */
  message: string | undefined;
}

/** envoy.filters.http.grpc_web: gRPC for browsers, which see no trailers. */
export class GrpcWeb implements HttpFilter {
  readonly #stats: GrpcWebStats;

  constructor(stats: GrpcWebStats) {
    this.#stats = stats;
  }

  decodeHeaders(stream: FilterStream, headers: HeaderMap): FilterStatus {
    const type = headers.get(H.contentType) ?? '';
    const text = type === TEXT || type === `${TEXT}+proto`;
    if (!text && type !== BINARY && type !== `${BINARY}+proto`) return CONTINUE;
    const accept = headers.get(ACCEPT);
    const state: GrpcWebStream = {
      requestText: text ? new Base64Stream() : undefined,
      responseText: accept === TEXT || accept === `${TEXT}+proto` ? new FrameBase64() : undefined,
      stats: this.#stats.methodOf(stream, headers),
      message: undefined,
    };
    stream.state = state;
    headers.remove(H.contentLength);
    headers.set(H.contentType, 'application/grpc');
    headers.set(TE, 'trailers');
    headers.set(GRPC_ACCEPT_ENCODING, 'identity');
    return CONTINUE;
  }

  decodeData(stream: FilterStream, chunk: Buffer, end: boolean): FilterStatus {
    const decoder = (stream.state as GrpcWebStream | undefined)?.requestText;
    if (decoder === undefined) return CONTINUE;
    const bytes = decoder.decode(chunk, end);
    if (typeof bytes === 'string') {
      const details = bytes === 'bad-size' ? 'grpc_base_64_decode_failed_bad_size' : 'grpc_base_64_decode_failed';
      stream.localReply({ status: 400, body: 'Bad gRPC-web request, invalid base64 data.', details });
      return STOP;
    }
    if (bytes.length > 0 || end) stream.handle().injectDecodedData(bytes, end);
    return TAKEN;
  }

  /** A response without messages of gRPC has its body moved into `grpc-message`. */
  encodeHeaders(stream: FilterStream, headers: HeaderMap, end: boolean): FilterStatus {
    const state = stream.state as GrpcWebStream | undefined;
    if (state === undefined) return CONTINUE;
    const isGrpc = headers.get(H.contentType)?.startsWith('application/grpc') === true;
    headers.set(H.contentType, state.responseText === undefined ? `${BINARY}+proto` : `${TEXT}+proto`);
    if (end) state.stats?.count(headers);
    if (end || isGrpc) {
      // Trailers become body.
      headers.remove(H.contentLength);
      return CONTINUE;
    }
    state.message = '';
    return STOP;
  }

  encodeData(stream: FilterStream, chunk: Buffer, end: boolean): FilterStatus {
    const state = stream.state as GrpcWebStream | undefined;
    if (state?.message !== undefined) {
      state.message = (state.message + chunk.toString('latin1')).slice(0, MAX_MESSAGE_BYTES);
      if (end) this.#sendMessage(stream, state.message);
      return TAKEN;
    }
    if (state?.responseText === undefined) return CONTINUE;
    const text = state.responseText.encode(chunk);
    if (text !== '' || end) stream.handle().injectEncodedData(Buffer.from(text, 'latin1'), end);
    return TAKEN;
  }

  encodeTrailers(stream: FilterStream, trailers: HeaderMap): FilterStatus {
    const state = stream.state as GrpcWebStream | undefined;
    if (state === undefined) return CONTINUE;
    if (state.message !== undefined) {
      this.#sendMessage(stream, state.message);
      return TAKEN;
    }
    state.stats?.count(trailers);
    const frame = trailerFrame(trailers);
    const handle = stream.handle();
    handle.addEncodedData(state.responseText === undefined ? frame : Buffer.from(frame.toString('base64'), 'latin1'));
    handle.injectEncodedTrailers(new HeaderMap());
    return TAKEN;
  }

  #sendMessage(stream: FilterStream, message: string): void {
    const headers = stream.responseHeaders!;
    const handle = stream.handle();
    headers.remove(H.contentLength);
    headers.set(H.grpcMessage, message.replace(/[^\x20-\x24\x26-\x7e]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`));
    headers.set(H.grpcStatus, String(grpcStatusOf(headers.status)));
    headers.set(H.contentLength, '0');
    handle.continueEncoding();
    handle.injectEncodedData(NOTHING, true);
  }
}

/** More of an answer is not told. */
export const MAX_MESSAGE_BYTES = 16 * 1024;
const NOTHING = Buffer.alloc(0);

function trailerFrame(trailers: HeaderMap): Buffer {
  let text = '';
  trailers.forEach((name, value) => {
    text += `${name}:${value}\r\n`;
  });
  const frame = Buffer.alloc(5 + text.length);
  frame[0] = TRAILER_FLAG;
  frame.writeUInt32BE(text.length, 1);
  frame.write(text, 5, 'latin1');
  return frame;
}
