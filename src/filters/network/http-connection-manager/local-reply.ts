import type { LocalReply } from '../../../http/filter.ts';
import { grpcStatusOf } from '../../../http/grpc-status.ts';
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

/** `grpc-message` encoding: printable ASCII except `%` stays. */
function percentEncode(text: string): string {
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    out += code >= 0x20 && code <= 0x7e && code !== 0x25 ? text[i] : `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

/** What a request that was not understood is answered with. */
export function bodyOf(status: number): string {
  switch (status) {
    case 426:
      return 'Upgrade Required';
    case 431:
      return 'Request Header Fields Too Large';
    case 501:
      return 'Not Implemented';
    default:
      return 'Bad Request';
  }
}
