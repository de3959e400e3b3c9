import type { ByteCounts, StreamInfo } from './stream-info.ts';
import type { Host, UpstreamConnectionInfo } from './upstream.ts';

/** Tells the stream of the connection that it, or an attempt to serve it, has got. */
export function tellUpstreamConnection(info: StreamInfo, connection: UpstreamConnectionInfo, host: Host, bytes: ByteCounts): void {
  info.upstreamLocalAddress = connection.local;
  info.upstreamRemoteAddress = connection.remote;
  info.upstreamConnectionId = connection.id;
  info.upstreamTls = connection.tls;
  info.upstreamFilterState = connection.filterState;
  if (info.upstreamConnectionIdsAttempted === undefined) info.upstreamConnectionIdsAttempted = [connection.id];
  else info.upstreamConnectionIdsAttempted.push(connection.id);
  if (info.upstreamHostsAttempted === undefined) info.upstreamHostsAttempted = [host];
  else info.upstreamHostsAttempted.push(host);
  info.upstreamBytes = bytes;
  info.upstreamConnectStartMs = connection.connectStartMs;
  info.upstreamConnectEndMs = connection.connectEndMs;
}
