import { HIDDEN_PREFIX } from '../cluster/cluster-stats.ts';
import { endpointCounts } from './endpoint-counts.ts';
import { ClusterDiscovery } from '../cluster/discovery/cluster-discovery.ts';
import { createResolverFactory } from '../cluster/discovery/dns-resolver.ts';
import type { Clock } from '../core/clock.ts';
import type { NodeInfo } from '../core/extension.ts';
import type { Random } from '../core/random.ts';
import { StatScrape } from '../core/stats/scrape.ts';
import type { StatStore } from '../core/stats/stats.ts';
import { SharedStatStore } from '../core/stats/store.ts';
import type { TagExtractor } from '../core/stats/tags.ts';
import type { Timers } from '../core/timers.ts';
import type { DrainSettings } from '../listener/drain-manager.ts';
import { selectTransport, type TransportChoice, type TransportSelection } from '../transport/select-transport.ts';
import type { ExtensionRegistry } from './extension-registry.ts';
import type { Judged } from './judge.ts';
import type { RuntimeLayers, SnapshotRuntime } from './layered-runtime.ts';
import type { FileSettings } from './messages.ts';
import { OverloadManager } from './overload/overload-manager.ts';
import type { ProxyLog } from './proxy-log.ts';
import { addProcessGauges, SERVER_STATS, ServerStats } from './server-stats.ts';
import { Watchdog } from './watchdog.ts';
import { WorkerPool } from './worker-pool.ts';

/** Nothing of it may change while the process lives. */
export interface Foundation {
  readonly stats: StatScrape;
  /** What this thread counts. */
  readonly store: StatStore;
  readonly tags: TagExtractor;
  readonly serverStats: ServerStats;
  readonly workers: WorkerPool;
  readonly discovery: ClusterDiscovery;
  readonly overload: OverloadManager;
  readonly transport: TransportSelection;
  readonly node: NodeInfo;
}

export interface FoundationParts {
  readonly transport: TransportChoice;
  /** Worker threads; 1 serves in this thread. */
  readonly concurrency: number;
  readonly disabledExtensions: readonly string[];
  readonly files: FileSettings;
  readonly drain: DrainSettings;
  readonly registry: ExtensionRegistry;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly runtime: SnapshotRuntime;
  readonly runtimeLayers: RuntimeLayers;
  readonly log: ProxyLog;
  readonly startedMs: number;
}

/** The main thread's entry in the scrape; workers count from 0. */
const MAIN_THREAD = -1;

/** What the main thread is built of when it knows its first configuration. */
export async function buildFoundation(judged: Judged, parts: FoundationParts): Promise<Foundation> {
  const { registry, clock, timers, random, runtime, runtimeLayers, concurrency, files, drain, disabledExtensions } = parts;
  const log = parts.log.logger;
  const stats = new StatScrape({ ...judged.stats.scrape, hides: isHiddenPrefix });
  stats.addThread(MAIN_THREAD);
  const store = new SharedStatStore({ direct: true, onAnnounce: (announcement) => stats.announce(MAIN_THREAD, announcement) });
  const serverStats = new ServerStats(store);
  addProcessGauges(stats, clock, parts.startedMs);
  new Watchdog(store, ['server.main_thread', 'main_thread'], judged.watchdogs.main, clock, timers);
  const transport = await selectTransport(parts.transport, timers);
  log.info(`transport: ${transport.name} (${transport.reason})`);
  serverStats.server.gaugeSet(SERVER_STATS.concurrency, concurrency);
  const workers = new WorkerPool({
    concurrency,
    transport: transport.name,
    registry,
    disabledExtensions,
    clock,
    timers,
    random,
    runtime,
    scrape: stats,
    log,
    logSetup: { path: parts.log.path, levels: parts.log.levels.shared, format: judged.logFormat ?? parts.log.format },
    node: judged.node,
    files,
    drain,
    watchdog: judged.watchdogs.worker,
    currentHosts: () => discovery.currentUpdates(),
    runtimeValues: () => runtimeLayers.values(),
  });
  const discovery = new ClusterDiscovery({
    stats: store,
    timers,
    random,
    runtime,
    log: log.component('upstream'),
    breakers: workers.counts,
    createResolver: createResolverFactory(store),
    onUpdate: (update) => workers.updateHosts(update),
  });
  stats.endpointStats(() => discovery.endpointStats(() => endpointCounts(stats)));
  const overload = new OverloadManager({ stats: store, clock, timers, log: log.component('main'), publish: (message) => workers.updateOverload(message) });
  return { stats, store, tags: judged.stats.tags, serverStats, workers, discovery, overload, transport, node: judged.node };
}

function isHiddenPrefix(prefix: string): boolean {
  return prefix.startsWith(HIDDEN_PREFIX);
}
