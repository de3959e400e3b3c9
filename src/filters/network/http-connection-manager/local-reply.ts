import type { LocalReply } from '../../../http/filter.ts';
import { grpcStatusOf } from '../../../http/grpc-status.ts';
import { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';
import type { StreamInfo } from '../../../http/stream-info.ts';
import type { Route } from '../../../http/route/route.ts';
import type { ActiveStream } from './active-stream.ts';
import type { ConnectionManagerConfig } from './config.ts';
import { ReplyDraft } from './local-reply-rules.ts';

/** What is looked at of the stream that is answered. */
export interface RepliedStream {
  readonly info: StreamInfo;
  readonly headers: HeaderMap | undefined;
  readonly config: Pick<ConnectionManagerConfig, 'localReplies'>;
}

/** The request's way ends. */
export function beginReply(stream: ActiveStream, reply: LocalReply): void {
  stream.decoding.stopped = true;
  stream.info.responseCodeDetails = reply.details;
  if (reply.cutsRequest === true && !stream.encoder.multiplexed) stream.requestEnded = false;
  // A 400 says that the peers do not understand each other.
  if (reply.status === 400 && stream.info.protocol !== 'HTTP/2' && !stream.config.keepsInvalidConnections) stream.closeAfter = true;
}

/** The reply as it enters the response's way, in Envoy's order: the route's headers, the replier's, the rules', those of the body. */
export function prepareLocalReply(reply: LocalReply, stream: RepliedStream, route: Route | undefined): { readonly headers: HeaderMap; readonly body: string } {
  const { info, headers: requestHeaders } = stream;
  const headers = new HeaderMap();
  headers.status = reply.status;
  // A direct response brings the headers of its route itself.
  if (route?.kind === 'forward') route.responseHeaders?.apply(headers, { info, requestHeaders, responseHeaders: headers });
  reply.headers?.(headers);
  const draft = new ReplyDraft(info, requestHeaders, headers, reply.body);
  stream.config.localReplies?.apply(draft);
  const body = draft.localReplyBody;
  if (requestHeaders !== undefined && info.grpcRequest) {
    makeTrailersOnly(headers, requestHeaders.method === 'HEAD' ? '' : body, reply.grpcStatus);
    return { headers, body: '' };
  }
  if (body === '') {
    headers.remove(H.contentLength);
    headers.remove(H.contentType);
  } else {
    headers.set(H.contentLength, String(body.length));
    if (body !== reply.body || !headers.has(H.contentType)) headers.set(H.contentType, draft.contentType);
  }
  return { headers, body };
}

/** The same reply to a gRPC call (gRPC over HTTP/2, "Trailers-Only"). */
function makeTrailersOnly(headers: HeaderMap, body: string, grpcStatus: number | undefined): void {
  headers.set(H.contentType, 'application/grpc');
  headers.set(H.grpcStatus, String(grpcStatus ?? grpcStatusOf(headers.status)));
  // A JSON format ends its line.
  if (body !== '') headers.set(H.grpcMessage, percentEncode(body.endsWith('\n') ? body.slice(0, -1) : body));
  headers.status = 200;
}

/** `grpc-message` encoding: printable ASCII except `%` stays, `~` does not (as Envoy). */
function percentEncode(text: string): string {
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    out += code >= 0x20 && code < 0x7e && code !== 0x25 ? text[i] : `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

/** What a request that was not understood is answered with. */
export function bodyOf(status: number): string {
  switch (status) {
    case 403:
      return 'Forbidden';
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
