import { CONTINUE, type FilterStatus, type FilterStream, type HttpFilter, STOP, TAKEN } from '../../../http/filter.ts';
import { HeaderMap } from '../../../http/header-map.ts';
import { H, headerName } from '../../../http/header-name.ts';
import { Base64Stream, FrameBase64 } from './frame-base64.ts';

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
  /** The response is one of gRPC, whose trailers become body. */
  translates: boolean;
}

/** envoy.filters.http.grpc_web: gRPC for browsers, which see no trailers. */
export class GrpcWeb implements HttpFilter {
  decodeHeaders(stream: FilterStream, headers: HeaderMap): FilterStatus {
    const type = headers.get(H.contentType) ?? '';
    const text = type === TEXT || type === `${TEXT}+proto`;
    if (!text && type !== BINARY && type !== `${BINARY}+proto`) return CONTINUE;
    const accept = headers.get(ACCEPT);
    const state: GrpcWebStream = {
      requestText: text ? new Base64Stream() : undefined,
      responseText: accept === TEXT || accept === `${TEXT}+proto` ? new FrameBase64() : undefined,
      translates: false,
    };
    stream.state = state;
    headers.remove(H.contentLength);
    headers.set(H.contentType, type.endsWith('+proto') ? 'application/grpc+proto' : 'application/grpc');
    headers.set(TE, 'trailers');
    headers.set(GRPC_ACCEPT_ENCODING, 'identity,deflate,gzip');
    return CONTINUE;
  }

  decodeData(stream: FilterStream, chunk: Buffer, end: boolean): FilterStatus {
    const decoder = (stream.state as GrpcWebStream | undefined)?.requestText;
    if (decoder === undefined) return CONTINUE;
    const bytes = decoder.decode(chunk, end);
    if (bytes === undefined) {
      stream.localReply({ status: 400, body: 'Bad gRPC-web request, invalid base64 data.', details: 'grpc_base_64_decode_failed' });
      return STOP;
    }
    if (bytes.length > 0 || end) stream.handle().injectDecodedData(bytes, end);
    return TAKEN;
  }

  encodeHeaders(stream: FilterStream, headers: HeaderMap): FilterStatus {
    const state = stream.state as GrpcWebStream | undefined;
    if (state === undefined || headers.get(H.contentType)?.startsWith('application/grpc') !== true) return CONTINUE;
    state.translates = true;
    headers.remove(H.contentLength);
    headers.set(H.contentType, state.responseText === undefined ? `${BINARY}+proto` : `${TEXT}+proto`);
    return CONTINUE;
  }

  encodeData(stream: FilterStream, chunk: Buffer, end: boolean): FilterStatus {
    const state = stream.state as GrpcWebStream | undefined;
    if (state?.translates !== true || state.responseText === undefined) return CONTINUE;
    const text = state.responseText.encode(chunk);
    if (text !== '' || end) stream.handle().injectEncodedData(Buffer.from(text, 'latin1'), end);
    return TAKEN;
  }

  encodeTrailers(stream: FilterStream, trailers: HeaderMap): FilterStatus {
    const state = stream.state as GrpcWebStream | undefined;
    if (state?.translates !== true) return CONTINUE;
    const frame = trailerFrame(trailers);
    const handle = stream.handle();
    handle.addEncodedData(state.responseText === undefined ? frame : Buffer.from(frame.toString('base64'), 'latin1'));
    handle.injectEncodedTrailers(new HeaderMap());
    return TAKEN;
  }
}

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
