import type { Random } from '../../core/random.ts';
import type { Runtime } from '../../core/runtime.ts';
import type { StatGroup, StatStore } from '../../core/stats/stats.ts';
import type { Timers } from '../../core/timers.ts';
import { STRICT } from '../../http/codec/h1-head.ts';
import { H2_CODEC_STATS } from '../../http/codec/h2/h2-stats.ts';
import { LeniencyChoice } from '../../http/codec/head-leniency.ts';
import { UPSTREAM_HTTP1_STATS } from '../cluster-stats.ts';
import type { ClusterSpec } from '../cluster-spec.ts';
import { AutoPoolProtocol } from './auto-pool.ts';
import { H1PoolProtocol } from './h1-pool.ts';
import { H2PoolProtocol } from './h2-pool.ts';
import type { PoolProtocol } from './pool-context.ts';

export interface ProtocolServices {
  readonly stats: StatStore;
  readonly timers: Timers;
  readonly random: Random;
  readonly runtime: Runtime;
}

/** What one cluster's pools in one thread speak. Each version, and its statistics, comes to be when it is first needed. */
export class PoolProtocols {
  readonly #spec: ClusterSpec;
  readonly #services: ProtocolServices;
  readonly #stats: StatGroup[] = [];
  #http1: PoolProtocol | undefined;
  #http2: PoolProtocol | undefined;
  #auto: PoolProtocol | undefined;

  constructor(spec: ClusterSpec, services: ProtocolServices) {
    this.#spec = spec;
    this.#services = services;
  }

  get http1(): PoolProtocol {
    return (this.#http1 ??= this.#createHttp1());
  }

  get http2(): PoolProtocol {
    return (this.#http2 ??= this.#createHttp2());
  }

  /** As the configuration says, where it does not leave the choice to the client. */
  get configured(): PoolProtocol {
    const { protocol } = this.#spec.http;
    if (protocol === 'auto') return (this.#auto ??= new AutoPoolProtocol(this, this.#spec.http.http2!.maxConcurrentStreams));
    return protocol === 'http2' ? this.http2 : this.http1;
  }

  /** Nothing may be opened afterwards. */
  release(): void {
    for (const group of this.#stats) this.#services.stats.release(group);
  }

  #createHttp1(): PoolProtocol {
    const { http, bufferLimitBytes, statName } = this.#spec;
    this.#stats.push(this.#services.stats.group(`cluster.${statName}.http1`, UPSTREAM_HTTP1_STATS));
    const options = {
      maxHeadBytes: http.maxResponseHeadBytes,
      maxHeaders: http.maxHeadersCount,
      leniency: { ...STRICT, chunkedLength: http.allowChunkedLength },
      trailers: http.enableTrailers,
      fieldCase: http.fieldCase,
      fullUrl: http.fullUrl,
      highWatermarkBytes: bufferLimitBytes,
    };
    return new H1PoolProtocol(new LeniencyChoice(this.#services.runtime, options));
  }

  #createHttp2(): PoolProtocol {
    const { http, bufferLimitBytes, statName } = this.#spec;
    const { timers, random, stats: store } = this.#services;
    const stats = store.group(`cluster.${statName}.http2`, H2_CODEC_STATS);
    this.#stats.push(stats);
    const { keepAlive, ...settings } = http.http2!;
    return new H2PoolProtocol({
      ...settings,
      maxHeaders: http.maxHeadersCount,
      underscores: 'allow',
      highWatermarkBytes: bufferLimitBytes,
      keepAlive: keepAlive && { ...keepAlive, timers, random },
      flushTimeout: undefined,
      resets: undefined,
      stats,
    });
  }
}
