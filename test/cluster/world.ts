import { createFilterChain } from '../../src/http/filter-chain.ts';
import { type ProcessCounts, LocalProcessCounts } from '../../src/core/process-counts.ts';
import type { UpstreamCluster } from '../../src/cluster/cluster.ts';
import { ClusterManager } from '../../src/cluster/cluster-manager.ts';
import type { SocketFactory } from '../../src/cluster/cluster-sockets.ts';
import type { ClusterSpec } from '../../src/cluster/cluster-spec.ts';
import { ManualClock } from '../../src/core/clock.ts';
import { SeededRandom } from '../../src/core/random.ts';
import { emptyRuntime, type Runtime } from '../../src/core/runtime.ts';
import { StatScrape } from '../../src/core/stats/scrape.ts';
import { SharedStatStore } from '../../src/core/stats/store.ts';
import { Timers } from '../../src/core/timers.ts';
import type { RoutePriority } from '../../src/http/upstream.ts';
import { specOf } from './compile-yaml.ts';
import { FakeTransport } from './fake-transport.ts';
import { RecordedRequest } from './recorded-request.ts';

export interface WorldOptions {
  readonly breakers?: ProcessCounts;
  readonly runtime?: Runtime;
  readonly upstreamSockets?: SocketFactory;
  readonly localZone?: string;
}

/** One thread's cluster manager with everything around it held still. */
export class World {
  readonly transport = new FakeTransport();
  readonly clock = new ManualClock();
  readonly timers = new Timers(this.clock);
  readonly random = new SeededRandom(1);
  readonly scrape = new StatScrape();
  readonly stats: SharedStatStore;
  readonly manager: ClusterManager;
  #connectionIds = 0;

  constructor({ breakers = new LocalProcessCounts(), runtime = emptyRuntime, upstreamSockets = { create: () => undefined }, localZone }: WorldOptions = {}) {
    this.scrape.addThread(0);
    this.stats = new SharedStatStore({ direct: true, onAnnounce: (message) => this.scrape.announce(0, message) });
    this.manager = new ClusterManager({
      stats: this.stats,
      transport: this.transport,
      clock: this.clock,
      timers: this.timers,
      random: this.random,
      runtime,
      breakers,
      nextConnectionId: () => ++this.#connectionIds,
      upstreamSockets, localZone, threadName: 'worker_0',
      upstreamFilters: { create: () => createFilterChain([]) },
    });
  }

  /** Loads one cluster and returns it. */
  serve(yaml: string): UpstreamCluster {
    const spec: ClusterSpec = specOf(yaml);
    this.manager.update([spec]);
    return this.manager.get(spec.name)!;
  }

  request(cluster: UpstreamCluster, priority: RoutePriority = 'default'): RecordedRequest {
    return new RecordedRequest().startOn(cluster, priority);
  }

  /** A request whose connection is accepted at once. */
  connected(cluster: UpstreamCluster): RecordedRequest {
    const request = this.request(cluster);
    if (request.encoder === undefined) this.transport.last.accept();
    return request;
  }

  advance(ms: number): void {
    this.clock.advance(ms);
    this.timers.expire();
    this.transport.settle();
  }

  stat(name: string): number | undefined {
    return this.scrape.values().get(name);
  }

  /** The counters and gauges of a prefix that are not 0. */
  used(prefix: string): Record<string, number> {
    const used: Record<string, number> = {};
    for (const [name, value] of this.scrape.values()) {
      if (name.startsWith(prefix) && value !== 0) used[name.slice(prefix.length)] = value;
    }
    return used;
  }
}
