import type { RequestEncoder } from '../../../http/codec/codec.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';
import type { ForwardRoute } from '../../../http/route/route.ts';
import type { StreamInfo } from '../../../http/stream-info.ts';
import type { Host, UpstreamConnectionInfo } from '../../../http/upstream.ts';

/** Tells the stream of the connection that an attempt has got. */
export function tellConnection(info: StreamInfo, connection: UpstreamConnectionInfo, host: Host, encoder: RequestEncoder): void {
  info.upstreamLocalAddress = connection.local;
  info.upstreamRemoteAddress = connection.remote;
  info.upstreamConnectionId = connection.id;
  info.upstreamTls = connection.tls;
  info.upstreamFilterState = connection.filterState;
  if (info.upstreamConnectionIdsAttempted === undefined) info.upstreamConnectionIdsAttempted = [connection.id];
  else info.upstreamConnectionIdsAttempted.push(connection.id);
  if (info.upstreamHostsAttempted === undefined) info.upstreamHostsAttempted = [host];
  else info.upstreamHostsAttempted.push(host);
  info.upstreamBytes = encoder.bytes;
  info.upstreamProtocol = connection.protocol;
  info.upstreamConnectStartMs = connection.connectStartMs;
  info.upstreamConnectEndMs = connection.connectEndMs;
}

/** Tells the client how often its request was tried, where its virtual host says so. */
export function tellAttemptCount(headers: HeaderMap, { attemptCount }: StreamInfo, { virtualHost }: ForwardRoute): void {
  if (attemptCount > 0 && virtualHost.includeAttemptCountInResponse) headers.set(H.envoyAttemptCount, String(attemptCount));
}
