import type { HeaderMap } from './header-map.ts';
import type { StreamInfo } from './stream-info.ts';

/** `%ACCESS_LOG_TYPE%` (envoy.data.accesslog.v3.AccessLogType). */
export type AccessLogType = 'NotSet' | 'TcpConnectionStart' | 'TcpUpstreamConnected' | 'TcpPeriodic' | 'TcpConnectionEnd' | 'DownstreamStart' | 'DownstreamPeriodic' | 'DownstreamEnd' | 'DownstreamTunnelSuccessfullyEstablished' | 'UpstreamPoolReady' | 'UpstreamPeriodic' | 'UpstreamEnd';

/** What one record is made of; read while `log` runs and not kept. */
export interface AccessLogEntry {
  readonly info: StreamInfo;
  readonly requestHeaders: HeaderMap | undefined;
  readonly responseHeaders: HeaderMap | undefined;
  readonly responseTrailers: HeaderMap | undefined;
  readonly type: AccessLogType;
}

/** One configured access log with its filter: compiled once, called for each record. */
export interface AccessLog {
  log(entry: AccessLogEntry): void;
}
