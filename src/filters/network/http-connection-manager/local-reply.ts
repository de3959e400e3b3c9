import type { LocalReply } from '../../../http/filter.ts';
import { grpcStatusOf } from '../../../http/grpc-status.ts';
import { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';

/** Adds what the route says about responses. */
export type RouteHeaders = (headers: HeaderMap) => void;

/** The head of an answer of this proxy, in Envoy's order: the route's headers, the replier's, then those of the body. */
export function localReplyHeaders(reply: LocalReply, addRouteHeaders: RouteHeaders | undefined): HeaderMap {
  const headers = new HeaderMap();
  headers.status = reply.status;
  addRouteHeaders?.(headers);
  reply.headers?.(headers);
  if (reply.body !== '') {
    headers.set(H.contentLength, String(reply.body.length));
    if (!headers.has(H.contentType)) headers.add(H.contentType, 'text/plain');
  }
  return headers;
}

/** The same reply to a gRPC call: trailers-only (gRPC over HTTP/2, "Trailers-Only"). */
export function grpcLocalReplyHeaders(reply: LocalReply, addRouteHeaders: RouteHeaders | undefined): HeaderMap {
  const headers = new HeaderMap();
  headers.status = 200;
  addRouteHeaders?.(headers);
  reply.headers?.(headers);
  headers.set(H.contentType, 'application/grpc');
  headers.add(H.grpcStatus, String(reply.grpcStatus ?? grpcStatusOf(reply.status)));
  if (reply.body !== '') headers.add(H.grpcMessage, percentEncode(reply.body));
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
