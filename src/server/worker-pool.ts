import { randomBytes } from 'node:crypto';
import { getCompileCacheDir } from 'node:module';
import { TrafficDirection } from '../api/generated/envoy/config/core/v3.ts';
import { noOverload, type OverloadMessage } from '../core/overload.ts';
import { type ProcessCounts, createCountReader, createCountTally, createSharedCountMemory, LocalProcessCounts, reclaimCounts } from '../core/process-counts.ts';
import type { HostSetUpdate } from '../cluster/cluster-spec.ts';
import type { Clock } from '../core/clock.ts';
import type { NodeInfo } from '../core/extension.ts';
import type { Logger } from '../core/log.ts';
import type { Random } from '../core/random.ts';
import type { RuntimeValue } from '../core/runtime.ts';
import type { StatScrape } from '../core/stats/scrape.ts';
import { SharedStatStore } from '../core/stats/store.ts';
import { Timers } from '../core/timers.ts';
import { type Draining, NONE_DRAINING, portKey } from '../listener/listener-manager.ts';
import { createTransport } from '../transport/select-transport.ts';
import type { Transport } from '../transport/transport.ts';
import type { DrainSettings } from '../listener/drain-manager.ts';
import type { ExtensionRegistry } from './extension-registry.ts';
import { createHeartbeatMemory, STALL_LIMIT_MS } from './heartbeat.ts';
import type { SnapshotRuntime } from './layered-runtime.ts';
import { type JudgedListener, judgedListeners, type JudgedListeners, RunningListeners } from './listener-changes.ts';
import type { BoundListener, ClustersMessage, FileSettings, ListenersOutcome, LogSetup, TlsMaterialMessage } from './messages.ts';
import { ProxyThread } from './proxy-thread.ts';
import { ThreadWorker, type ThreadWorkerOwner, WorkerUnavailable } from './thread-worker.ts';
import type { WatchdogSettings } from './watchdog.ts';
import type { Worker, WorkerFailure } from './worker.ts';

export interface WorkerPoolOptions {
  /** 1: the worker is this thread. */
  readonly concurrency: number;
  readonly transport: Transport['name'];
  readonly registry: ExtensionRegistry;
  readonly disabledExtensions: readonly string[];
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly runtime: SnapshotRuntime;
  readonly scrape: StatScrape;
  readonly log: Logger;
  readonly logSetup: LogSetup;
  readonly node: NodeInfo;
  readonly files: FileSettings;
  readonly drain: DrainSettings;
  readonly watchdog: WatchdogSettings;
  /** What a worker that starts must know of discovered hosts. */
  currentHosts(): readonly HostSetUpdate[];
  runtimeValues(): ReadonlyMap<string, RuntimeValue>;
}

/** A worker that ends sooner than this after its start is replaced only after a pause, which doubles. */
const SHORT_LIFE_MS = 10_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/** The workers, each with the same configuration; one that dies is replaced. */
export class WorkerPool {
  readonly counts: ProcessCounts;
  readonly #options: WorkerPoolOptions;
  readonly #sharedCounts: SharedArrayBuffer | undefined;
  readonly #tallies: SharedArrayBuffer[] = [];
  readonly #connectionIds = new SharedArrayBuffer(4);
  readonly #ticketSecret = randomBytes(32);
  readonly #workers: Worker[] = [];
  /** What each of them runs. */
  readonly #running: RunningListeners[] = [];
  readonly #startedMs: number[] = [];
  readonly #pauseMs: number[] = [];
  #clusters: ClustersMessage['clusters'] = [];
  #tls: TlsMaterialMessage = { secrets: [], sourced: new Map(), files: new Map() };
  #listeners = judgedListeners([], new Map());
  #bound: readonly BoundListener[] = [];
  #overload: OverloadMessage = noOverload;
  #drain: DrainSettings | undefined;
  #lastFailure: string | undefined;
  #closing = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    if (options.concurrency === 1) {
      this.counts = new LocalProcessCounts();
    } else {
      this.#sharedCounts = createSharedCountMemory();
      this.counts = createCountReader(this.#sharedCounts);
    }
  }

  start(): void {
    const { concurrency } = this.#options;
    for (let index = 0; index < concurrency; index++) this.#workers.push(concurrency === 1 ? this.#inlineWorker() : this.#threadWorker(index));
  }

  get workers(): readonly Worker[] {
    return this.#workers;
  }

  /** Why a worker has ended last. */
  get lastFailure(): string | undefined {
    return this.#lastFailure;
  }

  /** Name and address of each listener; the same in all workers. */
  get bound(): readonly BoundListener[] {
    return this.#bound;
  }

  updateTls(message: TlsMaterialMessage): void {
    this.#tls = message;
    for (const worker of this.#workers) worker.updateTls(message);
  }

  updateSecret(key: string, secret: Uint8Array): void {
    this.#tls = { ...this.#tls, sourced: new Map([...this.#tls.sourced, [key, secret]]) };
    for (const worker of this.#workers) worker.updateSecret(key, secret);
  }

  updateClusters(clusters: ClustersMessage['clusters']): void {
    this.#clusters = clusters;
    const hosts = this.#options.currentHosts();
    for (const worker of this.#workers) worker.updateClusters({ clusters, hosts });
  }

  updateHosts(update: HostSetUpdate): void {
    for (const worker of this.#workers) worker.updateHosts(update);
  }

  updateRuntime(values: ReadonlyMap<string, RuntimeValue>): void {
    for (const worker of this.#workers) worker.updateRuntime(values);
  }

  updateOverload(message: OverloadMessage): void {
    this.#overload = message;
    for (const worker of this.#workers) worker.updateOverload(message);
  }

  /**
   * Swaps the listeners, worker by worker: the first that answers decides the ports, and a listener that cannot be bound mostly fails there. All or
   * nothing: when a worker cannot do it, all go back to what they had, and the problems are returned. A worker that has died or stalled holds up
   * nobody: it is told when another takes its place or when it goes on.
   */
  async updateListeners(listeners: readonly JudgedListener[]): Promise<Pick<ListenersOutcome, 'problems' | 'draining'>> {
    let draining: Draining | undefined;
    const before = this.#listeners;
    const boundBefore = this.#bound;
    this.#listeners = judgedListeners(listeners, this.#options.runtimeValues());
    for (const worker of this.#workers) {
      const outcome = await this.#updateOne(worker, this.#listeners);
      if (outcome === undefined) continue;
      if (outcome.problems.length > 0) {
        this.#listeners = before;
        this.#bound = boundBefore;
        for (const other of this.#workers) this.#logProblems(other, await this.#updateOne(other, before));
        return { problems: outcome.problems, draining: NONE_DRAINING };
      }
      if (draining !== undefined) continue;
      this.#bound = outcome.addresses;
      draining = outcome.draining;
    }
    return { problems: [], draining: draining ?? NONE_DRAINING };
  }

  drain(settings: DrainSettings | undefined): void {
    this.#drain = settings;
    for (const worker of this.#workers) worker.drain(settings);
  }

  /** A worker that starts later does not listen either. */
  async stopListening(inboundOnly = false): Promise<void> {
    const { listeners, runtime } = this.#listeners;
    this.#listeners = { listeners: inboundOnly ? listeners.filter(({ message }) => message.trafficDirection !== TrafficDirection.INBOUND) : [], runtime };
    await Promise.all(this.#workers.map((worker) => worker.stopListening(inboundOnly).catch(ignoreUnavailable)));
  }

  async countConnections(): Promise<number> {
    const counts = await Promise.all(this.#workers.map((worker) => worker.countConnections().catch(() => 0)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  reopenLogs(): void {
    for (const worker of this.#workers) worker.reopenLogs();
  }

  /** Of this thread; threads of their own write as they close. */
  rescueAccessLogs(): void {
    for (const worker of this.#workers) if (worker instanceof ProxyThread) worker.rescueAccessLogs();
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#workers.map((worker) => worker.close()));
  }

  /** Undefined when the worker has died or stalled over it: it gets `#listeners` later. */
  async #updateOne(worker: Worker, listeners: JudgedListeners): Promise<ListenersOutcome | undefined> {
    const ports = new Map(this.#bound.flatMap(({ name, address, additional }) => [address, ...additional].map(({ port }, index) => [portKey(name, index), port] as const)));
    const running = (this.#running[worker.index] ??= new RunningListeners());
    try {
      const outcome = await worker.updateListeners(running.updates(listeners), ports);
      if (outcome.problems.length === 0) running.took(listeners);
      else running.forget();
      return outcome;
    } catch (error) {
      running.forget();
      ignoreUnavailable(error);
      return undefined;
    }
  }

  #inlineWorker(): Worker {
    const { scrape, registry, transport, clock, random, runtime, log, node, files, drain, watchdog } = this.#options;
    // Its own, because closing the worker ends them.
    const timers = new Timers(clock);
    let connections = 0;
    scrape.addThread(0);
    return new ProxyThread({
      index: 0,
      registry,
      transport: createTransport(transport, timers),
      clock,
      timers,
      random,
      runtime,
      stats: new SharedStatStore({ direct: true, onAnnounce: (announcement) => scrape.announce(0, announcement) }),
      log,
      node,
      files,
      drain,
      watchdog,
      counts: this.counts,
      ticketSecret: this.#ticketSecret,
      nextConnectionId: () => connections++,
      // The main thread's log is this thread's.
      reopenLog: () => {},
    });
  }

  #threadWorker(index: number): Worker {
    const { scrape, transport, node, logSetup, files, drain, watchdog, disabledExtensions, clock, timers } = this.#options;
    const shared = this.#sharedCounts!;
    const tally = createCountTally(shared);
    this.#tallies[index] = tally;
    this.#startedMs[index] = clock.monotonicMs();
    scrape.addThread(index);
    const setup = {
      index,
      transport,
      node,
      log: logSetup,
      files,
      drain,
      watchdog,
      disabledExtensions,
      runtime: this.#options.runtimeValues(),
      counts: { shared, tally },
      heartbeat: createHeartbeatMemory(),
      connectionIds: this.#connectionIds,
      ticketSecret: this.#ticketSecret,
      compileCache: getCompileCacheDir() !== undefined,
    };
    const owner: ThreadWorkerOwner = {
      onStatistics: (from, announcement) => scrape.announce(from, announcement),
      onWorkerFailed: (_worker, failure) => this.#onWorkerFailed(failure),
      onWorkerStalled: () => this.#options.log.critical(`worker ${index} has done nothing for ${STALL_LIMIT_MS / 1_000} s; what changes goes on without it`),
      onWorkerRecovered: (worker, missed) => this.#onWorkerRecovered(worker, missed),
      onLateAnswer: (worker, answer) => {
        if (typeof answer === 'object') this.#logProblems(worker, answer);
      },
    };
    return new ThreadWorker(setup, owner, timers);
  }

  #onWorkerFailed({ index, reason }: WorkerFailure): void {
    const { log, scrape, clock, timers } = this.#options;
    this.#lastFailure = reason;
    scrape.removeThread(index);
    reclaimCounts({ shared: this.#sharedCounts!, tally: this.#tallies[index]! });
    if (this.#closing) return;
    const livedMs = clock.monotonicMs() - this.#startedMs[index]!;
    const pauseMs = livedMs >= SHORT_LIFE_MS ? 0 : Math.min((this.#pauseMs[index] ?? FIRST_PAUSE_MS / 2) * 2, LONGEST_PAUSE_MS);
    this.#pauseMs[index] = pauseMs === 0 ? FIRST_PAUSE_MS / 2 : pauseMs;
    log.critical(`worker ${index} has ended and is replaced${pauseMs === 0 ? '' : ` in ${pauseMs} ms`}: ${reason}`);
    timers.after(Math.max(1, pauseMs), { onTimer: () => this.#replace(index) });
  }

  /** Another worker takes the place of one that died. */
  #replace(index: number): void {
    if (this.#closing) return;
    const worker = this.#threadWorker(index);
    this.#workers[index] = worker;
    this.#tellAll(worker);
  }

  #onWorkerRecovered(worker: ThreadWorker, missed: boolean): void {
    this.#options.log.critical(`worker ${worker.index} goes on`);
    if (!missed) return;
    worker.updateRuntime(this.#options.runtimeValues());
    worker.reopenLogs();
    this.#tellAll(worker);
  }

  /** To one that knows nothing, or not the latest: the running configuration. */
  #tellAll(worker: Worker): void {
    this.#running[worker.index]?.forget();
    worker.updateTls(this.#tls);
    worker.updateClusters({ clusters: this.#clusters, hosts: this.#options.currentHosts() });
    worker.updateOverload(this.#overload);
    worker.drain(this.#drain);
    void this.#updateOne(worker, this.#listeners).then((outcome) => {
      if (outcome === undefined) return;
      this.#options.scrape.dropOrphans();
      this.#logProblems(worker, outcome);
      // It alone knows addresses that threads cannot share.
      if (worker.index === 0 && outcome.problems.length === 0) this.#bound = outcome.addresses;
    });
  }

  /** Of listeners that should be there whatever comes. */
  #logProblems({ index }: Worker, outcome: ListenersOutcome | undefined): void {
    for (const { listener, message } of outcome?.problems ?? []) this.#options.log.critical(`worker ${index}: listener '${listener}': ${message}`);
  }
}

function ignoreUnavailable(error: unknown): void {
  if (!(error instanceof WorkerUnavailable)) throw error;
}
