import type { RequestEncoder } from '../../../http/codec/codec.ts';
import type { StreamInfo } from '../../../http/stream-info.ts';
import type { Host, UpstreamConnectionInfo } from '../../../http/upstream.ts';

/** Tells the stream of the connection that an attempt has got. */
export function tellConnection(info: StreamInfo, connection: UpstreamConnectionInfo, host: Host, encoder: RequestEncoder): void {
  info.upstreamLocalAddress = connection.local;
  info.upstreamRemoteAddress = connection.remote;
  info.upstreamConnectionId = connection.id;
  info.upstreamTls = connection.tls;
  if (info.upstreamConnectionIdsAttempted === undefined) info.upstreamConnectionIdsAttempted = [connection.id];
  else info.upstreamConnectionIdsAttempted.push(connection.id);
  if (info.upstreamHostsAttempted === undefined) info.upstreamHostsAttempted = [host];
  else info.upstreamHostsAttempted.push(host);
  info.upstreamBytes = encoder.bytes;
  info.upstreamProtocol = connection.protocol;
  info.upstreamConnectStartMs = connection.connectStartMs;
  info.upstreamConnectEndMs = connection.connectEndMs;
}
