import type { Runtime } from '../../../core/runtime.ts';
import { defineStats, type StatGroup } from '../../../core/stats/stats.ts';
import { CONTINUE, type FilterStatus, type FilterStream, type HttpFilter, STOP, STOP_AND_WATERMARK, TAKEN } from '../../../http/filter.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { H, headerName } from '../../../http/header-name.ts';
import { FaultDecisions } from './decisions.ts';
import { FaultedStream } from './faulted-stream.ts';
import type { FaultSettings } from './settings.ts';

export const FAULT_STATS = defineStats({
  counters: ['aborts_injected', 'delays_injected', 'faults_overflow', 'response_rl_injected'],
  gauges: ['active_faults'],
});

const DOWNSTREAM_NODE = headerName('x-envoy-downstream-service-node');

/** envoy.filters.http.fault: delays, aborts and slow responses on purpose. */
export class Fault implements HttpFilter {
  readonly stats: StatGroup;
  readonly #settings: FaultSettings;
  readonly #runtime: Runtime;
  /** Requests of this thread that suffer now. */
  #active = 0;

  constructor(settings: FaultSettings, stats: StatGroup, runtime: Runtime) {
    this.#settings = settings;
    this.stats = stats;
    this.#runtime = runtime;
  }

  decodeHeaders(stream: FilterStream, headers: HeaderMap): FilterStatus {
    const settings = (stream.perRoute as FaultSettings | undefined) ?? this.#settings;
    if (!concerns(settings, stream, headers)) return CONTINUE;
    const cluster = headers.get(H.envoyDownstreamServiceCluster) ?? '';
    const decisions = new FaultDecisions(settings, this.#runtime, stream.random, cluster);
    const faulted = new FaultedStream(this, stream, { settings, decisions, countedCluster: settings.disableDownstreamClusterStats ? '' : cluster });
    stream.state = faulted;
    return faulted.begin() ? CONTINUE : STOP;
  }

  decodeData(stream: FilterStream): FilterStatus {
    return (stream.state as FaultedStream | undefined)?.delaying === true ? STOP_AND_WATERMARK : CONTINUE;
  }

  decodeTrailers(stream: FilterStream): FilterStatus {
    return (stream.state as FaultedStream | undefined)?.delaying === true ? STOP : CONTINUE;
  }

  encodeData(stream: FilterStream, chunk: Buffer, end: boolean): FilterStatus {
    const limiter = (stream.state as FaultedStream | undefined)?.limiter;
    if (limiter === undefined) return CONTINUE;
    limiter.write(chunk, end);
    return TAKEN;
  }

  encodeTrailers(stream: FilterStream, trailers: HeaderMap): FilterStatus {
    const faulted = stream.state as FaultedStream | undefined;
    if (faulted?.limiter?.onTrailers() !== true) return CONTINUE;
    faulted.keepTrailers(trailers);
    return TAKEN;
  }

  onDestroy(stream: FilterStream): void {
    (stream.state as FaultedStream | undefined)?.destroy();
  }

  /** Counts one request in, unless there are enough. */
  acquire(maxActiveFaults: number): boolean {
    if (this.#active >= maxActiveFaults) {
      this.stats.inc(FAULT_STATS.faults_overflow);
      return false;
    }
    this.#active++;
    this.stats.gaugeAdd(FAULT_STATS.active_faults, 1);
    return true;
  }

  release(): void {
    this.#active--;
    this.stats.gaugeAdd(FAULT_STATS.active_faults, -1);
  }
}

function concerns(settings: FaultSettings, stream: FilterStream, headers: HeaderMap): boolean {
  if (settings.delay === undefined && settings.abort === undefined && settings.rateLimit === undefined) return false;
  if (settings.upstreamCluster !== '') {
    const { route } = stream;
    if (route?.kind !== 'forward' || route.clusterName(headers) !== settings.upstreamCluster) return false;
  }
  if (settings.downstreamNodes.size > 0 && !settings.downstreamNodes.has(headers.get(DOWNSTREAM_NODE) ?? '')) return false;
  for (const matcher of settings.headers) if (!matcher.matches(headers)) return false;
  return true;
}
