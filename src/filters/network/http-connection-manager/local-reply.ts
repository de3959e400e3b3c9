import type { LocalReply } from '../../../http/filter.ts';
import { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';

/** The head of an answer of this proxy: `content-length` and `content-type` first, as Envoy orders them. */
export function localReplyHeaders(reply: LocalReply): HeaderMap {
  const headers = new HeaderMap();
  headers.status = reply.status;
  if (reply.body !== '') {
    headers.add(H.contentLength, String(reply.body.length));
    headers.add(H.contentType, 'text/plain');
  }
  reply.headers?.(headers);
  return headers;
}

/** `grpc-status` for an HTTP status (envoy: Grpc::Utility::httpToGrpcStatus). */
export function grpcStatusOf(httpStatus: number): number {
  switch (httpStatus) {
    case 400:
      return 13;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return 12;
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;
    default:
      return 2;
  }
}

/** The same reply to a gRPC call: trailers-only (gRPC over HTTP/2, "Trailers-Only"). */
export function grpcLocalReplyHeaders(reply: LocalReply): HeaderMap {
  const headers = new HeaderMap();
  headers.status = 200;
  headers.add(H.contentType, 'application/grpc');
  headers.add(H.grpcStatus, String(reply.grpcStatus ?? grpcStatusOf(reply.status)));
  if (reply.body !== '') headers.add(H.grpcMessage, percentEncode(reply.body));
  reply.headers?.(headers);
  return headers;
}

export function isGrpcRequest(headers: HeaderMap): boolean {
  const type = headers.get(H.contentType);
  if (type === undefined || !type.startsWith('application/grpc')) return false;
  return type.length === 16 || type.charCodeAt(16) === 0x2b;
}

/** `grpc-message` encoding: printable ASCII except `%` stays. */
function percentEncode(text: string): string {
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    out += code >= 0x20 && code <= 0x7e && code !== 0x25 ? text[i] : `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}
