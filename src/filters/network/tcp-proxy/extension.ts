import { type TcpProxy as TcpProxyMessage, UpstreamConnectMode } from '../../../api/generated/envoy/extensions/filters/network/tcp_proxy/v3.ts';
import type { BackoffStrategy } from '../../../api/generated/envoy/config/core/v3.ts';
import { MessageIdentity } from '../../../api/message-identity.ts';
import { schemaOf } from '../../../api/registry.ts';
import { durationMs } from '../../../core/durations.ts';
import type { CompileContext, Extension } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import type { TimerList } from '../../../core/timers.ts';
import { compileAccessLogs } from '../../../http/access-log-compile.ts';
import { CLUSTERS } from '../../../http/http-services.ts';
import type { ConnectionInfo } from '../../../http/stream-info.ts';
import { type ConnectionHandler, type DrainDecision, LISTENER, type TerminalNetworkFilter } from '../../../listener/network-filter.ts';
import type { Connection } from '../../../transport/transport.ts';
import { type BackoffSpec, type ClusterChoice, TCP_STATS, type TcpProxyConfig } from './config.ts';
import { ProxiedConnection } from './proxied-connection.ts';
import { compileAddedTlvs } from './tlvs.ts';
import { compileTunnel } from './tunnel.ts';

const HOUR_MS = 3_600_000;

export const tcpProxyExtension: Extension<TcpProxyMessage, TerminalNetworkFilter> = {
  name: 'envoy.filters.network.tcp_proxy',
  category: 'envoy.filters.network',
  configType: 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
  terminal: true,
  compile(message, at, context) {
    const schema = schemaOf('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy');
    return new TcpProxy(compileConfig(message, at, context), new MessageIdentity(schema, message));
  },
};

/** envoy.filters.network.tcp_proxy: one for each filter chain and thread. */
class TcpProxy implements TerminalNetworkFilter {
  readonly #config: TcpProxyConfig;
  readonly #identity: MessageIdentity;

  constructor(config: TcpProxyConfig, identity: MessageIdentity) {
    this.#config = config;
    this.#identity = identity;
  }

  onNewConnection(connection: Connection, info: ConnectionInfo, drain: DrainDecision): ConnectionHandler {
    return new ProxiedConnection(connection, info, drain, this.#config);
  }

  adopt(next: TerminalNetworkFilter): boolean {
    return next instanceof TcpProxy && next.#identity.equals(this.#identity);
  }
}

function compileConfig(message: TcpProxyMessage, at: ConfigPath, context: CompileContext): TcpProxyConfig {
  const timer = (ms: number | undefined): TimerList | undefined => (ms === undefined || ms === 0 ? undefined : context.timers.list(ms));
  const choices = clusterChoices(message);
  const logOptions = message.accessLogOptions;
  if (message.upstreamConnectMode !== UpstreamConnectMode.IMMEDIATE && message.maxEarlyDataBytes === undefined) {
    context.error(at, 'max_early_data_bytes must be set when upstream_connect_mode is not IMMEDIATE');
  }
  return {
    stats: context.stats.group(`tcp.${message.statPrefix.replaceAll(':', '_')}`, TCP_STATS),
    clusters: context.service(CLUSTERS),
    choices,
    totalWeight: choices.reduce((sum, { weight }) => sum + weight, 0),
    heedsNamedCluster: message.clusterSpecifier.case !== 'weightedClusters',
    clock: context.clock,
    timers: context.timers,
    random: context.random,
    idleTimeout: timer(durationMs(message.idleTimeout) ?? HOUR_MS),
    maxDuration: timer(durationMs(message.maxDownstreamConnectionDuration)),
    durationJitter: (message.maxDownstreamConnectionDurationJitterPercentage?.value ?? 0) / 100,
    maxConnectAttempts: message.maxConnectAttempts ?? 1,
    backoff: compileBackoff(message.backoffOptions, at.field('backoff_options'), context),
    connectMode: CONNECT_MODES[message.upstreamConnectMode],
    maxEarlyBytes: message.maxEarlyDataBytes ?? 0,
    checksDrain: message.checkDrainClose ?? false,
    tunnel: compileTunnel(message.tunnelingConfig, at.field('tunneling_config'), context),
    addedTlvs: compileAddedTlvs(message, at.field('proxy_protocol_tlvs'), context),
    accessLogs: compileAccessLogs(message.accessLog, at.field('access_log'), context),
    logsOnStart: logOptions?.flushAccessLogOnStart ?? false,
    logsOnConnected: logOptions?.flushAccessLogOnConnected ?? message.flushAccessLogOnConnected,
    periodicLogs: timer(durationMs(logOptions?.accessLogFlushInterval ?? message.accessLogFlushInterval)),
    bufferLimitBytes: context.service(LISTENER).bufferLimitBytes,
  };
}

const CONNECT_MODES: Readonly<Record<UpstreamConnectMode, TcpProxyConfig['connectMode']>> = {
  [UpstreamConnectMode.IMMEDIATE]: 'immediate',
  [UpstreamConnectMode.ON_DOWNSTREAM_DATA]: 'on-data',
  [UpstreamConnectMode.ON_DOWNSTREAM_TLS_HANDSHAKE]: 'on-handshake',
};

function compileBackoff(message: BackoffStrategy | undefined, at: ConfigPath, context: CompileContext): BackoffSpec | undefined {
  if (message === undefined) return undefined;
  const baseMs = durationMs(message.baseInterval) ?? 0;
  const maxMs = durationMs(message.maxInterval) ?? baseMs * 10;
  if (maxMs < baseMs) context.error(at.field('max_interval'), 'max_backoff must be greater or equal to base_backoff');
  return { baseMs, maxMs };
}

function clusterChoices({ clusterSpecifier }: TcpProxyMessage): ClusterChoice[] {
  switch (clusterSpecifier.case) {
    case 'cluster':
      return [{ name: clusterSpecifier.value, weight: 1 }];
    case 'weightedClusters':
      return clusterSpecifier.value.clusters.map(({ name, weight }) => ({ name, weight }));
    default:
      return [];
  }
}
