import { performance } from 'node:perf_hooks';
import { OVERLOAD, type OverloadMessage, ThreadOverload } from '../core/overload.ts';
import { PROCESS_COUNTS, type ProcessCounts } from '../core/process-counts.ts';
import { ClusterManager } from '../cluster/cluster-manager.ts';
import type { HostSetUpdate } from '../cluster/cluster-spec.ts';
import type { Clock } from '../core/clock.ts';
import type { NodeInfo, ServiceKey } from '../core/extension.ts';
import type { Logger } from '../core/log.ts';
import { type Problem, Problems } from '../core/problems.ts';
import { systemProcess } from '../core/process-facts.ts';
import type { Random } from '../core/random.ts';
import type { RuntimeValue } from '../core/runtime.ts';
import type { StatGroup, StatStore } from '../core/stats/stats.ts';
import type { Timers } from '../core/timers.ts';
import { ACCESS_LOG_FILES, AccessLogFiles } from '../http/access-log-files.ts';
import { PROCESS } from '../http/format/environment.ts';
import { CLUSTERS, HEALTH } from '../http/http-services.ts';
import { statsOf } from '../listener/compile.ts';
import { ListenerManager, type ListenerProblem, NONE_DRAINING } from '../listener/listener-manager.ts';
import { ThreadTlsMaterial, TLS_MATERIAL } from '../tls/material.ts';
import type { Transport } from '../transport/transport.ts';
import type { ThreadServices } from './compile-context.ts';
import { compileListeners } from './configuration.ts';
import { type DrainSettings, ProcessDrain } from '../listener/drain-manager.ts';
import type { ExtensionRegistry } from './extension-registry.ts';
import type { SnapshotRuntime } from './layered-runtime.ts';
import type { ListenerUpdate } from './listener-changes.ts';
import type { ClustersMessage, FileSettings, ListenersOutcome, TlsMaterialMessage } from './messages.ts';
import { decodeSecret } from './tls-material.ts';
import { UpstreamFilters } from './upstream-filters.ts';
import { UpstreamSockets } from './upstream-sockets.ts';
import { Watchdog, type WatchdogSettings } from './watchdog.ts';
import type { Worker } from './worker.ts';
import { collectGarbage } from './overload/garbage.ts';
import { RESET_STREAMS_SCOPE, RESET_STREAMS_STATS, resetHighMemoryStreams } from './overload/high-memory-streams.ts';

export interface ProxyThreadOptions {
  readonly index: number;
  readonly registry: ExtensionRegistry;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly runtime: SnapshotRuntime;
  readonly stats: StatStore;
  readonly log: Logger;
  readonly node: NodeInfo;
  readonly files: FileSettings;
  readonly watchdog: WatchdogSettings;
  /** Of listeners that are changed or removed. */
  readonly drain: DrainSettings;
  readonly counts: ProcessCounts;
  readonly ticketSecret: Uint8Array;
  nextConnectionId(): number;
  /** Opens this thread's log file again. */
  reopenLog(): void;
}

/** Everything one thread serves with: its clusters and its listeners. In one-thread mode it is the only worker. */
export class ProxyThread implements Worker {
  readonly index: number;
  readonly #options: ProxyThreadOptions;
  readonly #services: ThreadServices;
  readonly #compileServices: ReadonlyMap<ServiceKey<unknown>, unknown>;
  readonly #clusters: ClusterManager;
  readonly #listeners: ListenerManager;
  readonly #drain: ProcessDrain;
  readonly #health = { failed: false };
  readonly #accessLogs: AccessLogFiles;
  readonly #tls: ThreadTlsMaterial;
  readonly #overload: ThreadOverload;
  readonly #resetStreams: StatGroup;
  #heapShrinks = 0;
  #clusterNames: ReadonlySet<string> = new Set();
  #utilization = performance.eventLoopUtilization();

  constructor(options: ProxyThreadOptions) {
    const { index, transport, clock, timers, random, runtime, stats, log, node, registry, counts } = options;
    this.#accessLogs = new AccessLogFiles({ timers, stats, ...options.files });
    const nextConnectionId = (): number => options.nextConnectionId();
    this.index = index;
    this.#options = options;
    this.#services = { registry, stats, clock, timers, random, runtime, log, node, serving: true };
    this.#drain = new ProcessDrain(clock, random);
    this.#overload = new ThreadOverload(stats);
    this.#resetStreams = stats.group(RESET_STREAMS_SCOPE, RESET_STREAMS_STATS);
    new Watchdog(stats, [`server.worker_${index}`, 'workers'], options.watchdog, clock, timers);
    this.#tls = new ThreadTlsMaterial([], options.ticketSecret);
    const upstreamSockets = new UpstreamSockets(this.#services, this.#tls);
    this.#clusters = new ClusterManager({ upstreamSockets, upstreamFilters: new UpstreamFilters(this.#services, () => this.#compileServices), localZone: node.zone, threadName: `worker_${index}`, stats, transport, clock, timers, random, runtime, breakers: counts, nextConnectionId });
    this.#compileServices = new Map<ServiceKey<unknown>, unknown>([
      [CLUSTERS, this.#clusters],
      [HEALTH, this.#health],
      [ACCESS_LOG_FILES, this.#accessLogs],
      [PROCESS, systemProcess],
      [TLS_MATERIAL, this.#tls],
      [PROCESS_COUNTS, counts],
      [OVERLOAD, this.#overload],
    ]);
    const thread = { workerIndex: index, transport, drains: this.#drain, drain: options.drain, nextConnectionId, clock, timers, log: log.component('conn_handler'), limits: { counts, overload: this.#overload, random } };
    this.#listeners = new ListenerManager(thread, log);
  }

  updateTls({ secrets, sourced, files }: TlsMaterialMessage): void {
    this.#tls.update(secrets.map(decodeSecret), new Map([...sourced].map(([key, bytes]) => [key, decodeSecret(bytes)])), files);
  }

  updateSecret(key: string, secret: Uint8Array): void {
    this.#tls.updateSource(key, decodeSecret(secret));
  }

  updateClusters({ clusters, hosts }: ClustersMessage): void {
    this.#clusterNames = new Set(clusters.map((cluster) => cluster.name));
    this.#clusters.update(clusters);
    for (const update of hosts) this.#clusters.updateHosts(update);
  }

  updateHosts(update: HostSetUpdate): void {
    this.#clusters.updateHosts(update);
  }

  /** The main thread has compiled the same messages without a problem: one that is found here is of files that have changed since, or may not be opened. */
  async updateListeners(updates: readonly ListenerUpdate[], ports: ReadonlyMap<string, number>): Promise<ListenersOutcome> {
    const problems = new Problems();
    const surroundings = { thread: this.#services, clusters: this.#clusterNames, services: this.#compileServices };
    const sources = updates.map(({ name, message }) => (message === undefined ? { spec: this.#listeners.spec(name)! } : { message }));
    const specs = compileListeners(sources, problems, surroundings);
    if (!problems.ok) {
      for (const spec of specs) if (spec !== this.#listeners.spec(spec.name)) for (const stats of statsOf(spec)) stats.end();
      return { problems: problems.errors.map((problem) => listenerProblem(problem, updates)), draining: NONE_DRAINING, addresses: this.#listeners.addresses() };
    }
    const outcome = await this.#listeners.update(specs, ports);
    return { ...outcome, addresses: this.#listeners.addresses() };
  }

  updateRuntime(values: ReadonlyMap<string, RuntimeValue>): void {
    this.#options.runtime.replace(values);
  }

  updateOverload(message: OverloadMessage): void {
    const before = this.#overload.states.reset_high_memory_stream;
    this.#overload.replace(message);
    const now = message.states.reset_high_memory_stream;
    if (now !== undefined && now !== before) {
      const count = resetHighMemoryStreams(this.#listeners.heldStreams(), now, message.minHeldPowerOfTwo);
      this.#resetStreams.add(RESET_STREAMS_STATS.count, count);
    }
    if (message.heapShrinks > this.#heapShrinks) collectGarbage();
    this.#heapShrinks = message.heapShrinks;
    this.#options.timers.reduce(message);
    this.#listeners.pauseAccepts(message.states.stop_accepting_connections === 1);
  }

  drain(settings: DrainSettings | undefined): void {
    this.#health.failed = settings?.failsHealthChecks === true;
    if (settings === undefined) {
      this.#drain.stop();
      return;
    }
    this.#drain.start(settings);
    if (settings.endsIdle === true) this.#listeners.startDrain();
  }

  stopListening(inboundOnly: boolean): Promise<void> {
    return this.#listeners.stopListening(inboundOnly);
  }

  countConnections(): Promise<number> {
    return Promise.resolve(this.#listeners.connectionCount);
  }

  eventLoopUtilization(): number {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#utilization);
    this.#utilization = now;
    return utilization;
  }

  reopenLogs(): void {
    this.#options.reopenLog();
    this.#accessLogs.reopen();
  }

  /** Something has been thrown that nobody catches: requests that are answered leave their records all the same. */
  rescueAccessLogs(): void {
    this.#accessLogs.rescue();
  }

  async close(): Promise<void> {
    await this.#listeners.close();
    this.#clusters.close();
    await this.#accessLogs.close();
    this.#services.timers.close();
  }
}

function listenerProblem({ path, message }: Problem, listeners: readonly ListenerUpdate[]): ListenerProblem {
  const index = Number(/^static_resources\.listeners\[(\d+)\]/.exec(path)?.[1]);
  return { listener: listeners[index]?.name ?? '', message: `${path}: ${message}` };
}
