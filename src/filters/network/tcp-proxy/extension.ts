import { toBinary } from '@bufbuild/protobuf';
import type { TcpProxy as TcpProxyMessage } from '../../../api/generated/envoy/extensions/filters/network/tcp_proxy/v3.ts';
import { schemaOf } from '../../../api/registry.ts';
import { durationMs } from '../../../core/durations.ts';
import type { CompileContext, Extension } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import type { TimerList } from '../../../core/timers.ts';
import { compileAccessLogs } from '../../../http/access-log-compile.ts';
import { CLUSTERS } from '../../../http/http-services.ts';
import type { ConnectionInfo } from '../../../http/stream-info.ts';
import { type ConnectionHandler, LISTENER, type TerminalNetworkFilter } from '../../../listener/network-filter.ts';
import type { Connection } from '../../../transport/transport.ts';
import { type ClusterChoice, TCP_STATS, type TcpProxyConfig } from './config.ts';
import { ProxiedConnection } from './proxied-connection.ts';

const HOUR_MS = 3_600_000;

export const tcpProxyExtension: Extension<TcpProxyMessage, TerminalNetworkFilter> = {
  name: 'envoy.filters.network.tcp_proxy',
  category: 'envoy.filters.network',
  configType: 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
  terminal: true,
  compile(message, at, context) {
    const schema = schemaOf('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy');
    return new TcpProxy(compileConfig(message, at, context), Buffer.from(toBinary(schema, message)).toString('latin1'));
  },
};

/** envoy.filters.network.tcp_proxy: one for each filter chain and thread. */
class TcpProxy implements TerminalNetworkFilter {
  readonly #config: TcpProxyConfig;
  readonly #identity: string;

  constructor(config: TcpProxyConfig, identity: string) {
    this.#config = config;
    this.#identity = identity;
  }

  onNewConnection(connection: Connection, info: ConnectionInfo): ConnectionHandler {
    return new ProxiedConnection(connection, info, this.#config);
  }

  adopt(next: TerminalNetworkFilter): boolean {
    return next instanceof TcpProxy && next.#identity === this.#identity;
  }
}

function compileConfig(message: TcpProxyMessage, at: ConfigPath, context: CompileContext): TcpProxyConfig {
  const timer = (ms: number | undefined): TimerList | undefined => (ms === undefined || ms === 0 ? undefined : context.timers.list(ms));
  const choices = clusterChoices(message);
  const logOptions = message.accessLogOptions;
  return {
    stats: context.stats.group(`tcp.${message.statPrefix.replaceAll(':', '_')}`, TCP_STATS),
    clusters: context.service(CLUSTERS),
    choices,
    totalWeight: choices.reduce((sum, { weight }) => sum + weight, 0),
    clock: context.clock,
    random: context.random,
    idleTimeout: timer(durationMs(message.idleTimeout) ?? HOUR_MS),
    maxDuration: timer(durationMs(message.maxDownstreamConnectionDuration)),
    maxConnectAttempts: message.maxConnectAttempts ?? 1,
    accessLogs: compileAccessLogs(message.accessLog, at.field('access_log'), context),
    logsOnConnected: logOptions?.flushAccessLogOnConnected ?? message.flushAccessLogOnConnected,
    periodicLogs: timer(durationMs(logOptions?.accessLogFlushInterval ?? message.accessLogFlushInterval)),
    bufferLimitBytes: context.service(LISTENER).bufferLimitBytes,
  };
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
