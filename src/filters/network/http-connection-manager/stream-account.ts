import type { Failure } from '../../../http/failure.ts';
import { HTTP_STATS } from '../../../http/http-stats.ts';
import type { Route } from '../../../http/route/route.ts';
import { ResponseFlag } from '../../../http/stream-info.ts';
import type { ActiveStream } from './active-stream.ts';

/** The last that is done for a stream: its gauges, its duration, its access logs. */
export function accountStream(stream: ActiveStream, upgraded: boolean): void {
  const { config, info } = stream;
  const { stats } = config;
  info.endMs = config.clock.monotonicMs();
  stats.gaugeAdd(HTTP_STATS.downstream_rq_active, -1);
  if (upgraded) stats.gaugeAdd(HTTP_STATS.downstream_cx_upgrades_active, -1);
  stats.record(HTTP_STATS.downstream_rq_time, Math.floor(info.endMs - info.startMs));
  for (const log of config.accessLogs) log.log(stream);
}

/** The route's cluster: filters see it, and what they make of the headers does not choose another. */
export function nameCluster({ config, info, headers }: ActiveStream, route: Route | undefined): void {
  const cluster = route?.kind === 'forward' ? config.clusters.get(route.clusterName(headers!)) : undefined;
  info.upstreamCluster = cluster;
  info.upstreamClusterName = cluster?.statName ?? '';
}

/** The flag of a stream that its client ended. */
export function resetFlag({ kind }: Failure): number {
  if (kind === 'protocol-error') return ResponseFlag.downstreamProtocolError;
  if (kind === 'overload') return ResponseFlag.overloadManager;
  if (kind === 'remote-no-error') return 0;
  return kind === 'connection-termination' ? ResponseFlag.downstreamConnectionTermination : ResponseFlag.downstreamRemoteReset;
}
