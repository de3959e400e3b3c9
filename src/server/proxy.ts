import type { DrainRequest } from '../admin/admin-host.ts';
import type { Bootstrap } from '../api/generated/envoy/config/bootstrap/v3.ts';
import { TrafficDirection } from '../api/generated/envoy/config/core/v3.ts';
import type { ClusterDiscovery } from '../cluster/discovery/cluster-discovery.ts';
import type { ClusterSpec } from '../cluster/cluster-spec.ts';
import type { BootstrapOptions } from '../config/loader.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import type { Extension, NodeInfo } from '../core/extension.ts';
import { formatProblem } from '../core/problems.ts';
import { SystemRandom } from '../core/random.ts';
import type { StatScrape } from '../core/stats/scrape.ts';
import type { CounterId } from '../core/stats/stats.ts';
import type { Tag, TagExtractor } from '../core/stats/tags.ts';
import { Timers } from '../core/timers.ts';
import { extensions as builtIn } from '../extensions.ts';
import type { TransportChoice, TransportSelection } from '../transport/select-transport.ts';
import { FLUSH_BYTES } from '../http/access-log-file.ts';
import { DEFAULT_FLUSH_INTERVAL_MS } from '../http/access-log-files.ts';
import type { Address } from '../transport/transport.ts';
import type { AdminInterface, AdminOptions } from './admin-host.ts';
import { compareConfigurations, type ConfigurationChange, logChange, type NamedChange } from './configuration-change.ts';
import type { DrainSettings } from '../listener/drain-manager.ts';
import type { Draining } from '../listener/listener-manager.ts';
import { ExtensionRegistry } from './extension-registry.ts';
import { buildFoundation, type Foundation } from './foundation.ts';
import type { TlsContextReport } from '../tls/context-report.ts';
import { ConfigurationJudge, type Judged } from './judge.ts';
import { RuntimeLayers, type RuntimeLayer, SnapshotRuntime } from './layered-runtime.ts';
import type { LogLevels } from './log-components.ts';
import type { BoundListener, FileSettings } from './messages.ts';
import { type NodeOverrides, NO_OVERRIDES } from './node-info.ts';
import { NO_LOG, type ProxyLog } from './proxy-log.ts';
import { RetiringClusters } from './retiring-clusters.ts';
import type { SecretSubscription } from './secrets/secret-subscription.ts';
import { SerialTask } from './serial-task.ts';
import { LISTENER_MANAGER_STATS, RUNTIME_STATS, SERVER_STATS, type ServerState } from './server-stats.ts';
import { TlsRotation } from './tls-rotation.ts';
import type { Worker } from './worker.ts';

export interface ProxyOptions extends BootstrapOptions {
  readonly transport?: TransportChoice | undefined;
  /** Worker threads; 1 (the default) serves in this thread. */
  readonly concurrency?: number | undefined;
  readonly log?: ProxyLog | undefined;
  readonly node?: NodeOverrides | undefined;
  readonly statsTags?: readonly Tag[] | undefined;
  readonly disabledExtensions?: readonly string[] | undefined;
  /** Beside those that are built in; only where one thread does all. */
  readonly extensions?: readonly Extension<never, unknown>[] | undefined;
  readonly files?: FileSettings | undefined;
  /** Of listeners that are changed or removed. */
  readonly drain?: DrainSettings | undefined;
  readonly admin?: AdminOptions | undefined;
}

const DEFAULT_FILES: FileSettings = { flushIntervalMs: DEFAULT_FLUSH_INTERVAL_MS, flushMinSizeBytes: FLUSH_BYTES };
const DEFAULT_DRAIN: DrainSettings = { timeMs: 600_000, strategy: 'gradual' };

/** The main thread: owns the configuration, discovery, the sum of the statistics, and the workers. */
export class Proxy {
  readonly registry: ExtensionRegistry;
  readonly #options: ProxyOptions;
  readonly #clock: Clock = systemClock;
  readonly #startedMs: number;
  readonly #timers: Timers;
  readonly #random = new SystemRandom();
  readonly #log: ProxyLog;
  readonly #runtime = new SnapshotRuntime();
  readonly #runtimeLayers = new RuntimeLayers();
  readonly #judge: ConfigurationJudge;
  readonly #rotation: TlsRotation;
  #foundation: Foundation | undefined;
  #current: Judged | undefined;
  /** Listeners that have been stopped. */
  readonly #stopped = new WeakSet<object>();
  #loadedMs = 0;
  #admin: AdminInterface | undefined;
  #state: ServerState = 'PRE_INITIALIZING';
  #healthCheckFailed = false;
  readonly #retiring: RetiringClusters;
  /** Those that run. */
  #clusters: readonly ClusterSpec[] = [];
  /** Between two configurations: clusters of both run. */
  #swapping = false;
  readonly #reload = new SerialTask(() => this.#reloadNow());
  #closed: Promise<void> | undefined;

  private constructor(options: ProxyOptions) {
    this.#options = options;
    this.#startedMs = this.#clock.monotonicMs();
    this.#timers = new Timers(this.#clock);
    this.#retiring = new RetiringClusters(this.#timers);
    this.#log = options.log ?? NO_LOG;
    this.registry = new ExtensionRegistry([...builtIn, ...(options.extensions ?? [])], options.disabledExtensions);
    for (const name of this.registry.unknownDisabled) this.#log.logger.component('misc').warning(`failed to disable unknown extension '${name}'`);
    this.#judge = new ConfigurationJudge({
      registry: this.registry,
      clock: this.#clock,
      timers: this.#timers,
      random: this.#random,
      runtimeOf: (layers) => this.#runtimeLayers.preview(layers),
      sourcedSecrets: () => this.#rotation.secrets.secrets,
      log: this.#log.logger,
      nodeOverrides: options.node ?? NO_OVERRIDES,
      statsTags: options.statsTags ?? [],
      hasLogFormat: this.#log.fixed,
    });
    this.#rotation = new TlsRotation({ judge: this.#judge, workers: () => this.#built.workers, stats: () => this.#built.serverStats.certificates, store: () => this.#built.store, clock: this.#clock, timers: this.#timers, log: this.#log.logger.component('secret') });
  }

  /** Rejects with a ConfigurationError, or with an Error when a listener cannot be bound. */
  static async start(options: ProxyOptions): Promise<Proxy> {
    const proxy = new Proxy(options);
    try {
      await proxy.#start();
    } catch (error) {
      await proxy.close();
      throw error;
    }
    return proxy;
  }

  /** Reads and compiles a configuration without serving it: `--mode validate`. Throws a ConfigurationError. */
  static validate(options: ProxyOptions): void {
    const proxy = new Proxy(options);
    try {
      proxy.#logWarnings(proxy.#judge.judge(options));
    } finally {
      proxy.#timers.close();
    }
  }

  get stats(): StatScrape {
    return this.#built.stats;
  }

  get tags(): TagExtractor {
    return this.#built.tags;
  }

  get transport(): TransportSelection {
    return this.#built.transport;
  }

  get node(): NodeInfo {
    return this.#built.node;
  }

  get discovery(): ClusterDiscovery {
    return this.#built.discovery;
  }

  get workers(): readonly Worker[] {
    return this.#built.workers.workers;
  }

  get state(): ServerState {
    return this.#state;
  }

  get uptimeMs(): number {
    return this.#clock.monotonicMs() - this.#startedMs;
  }

  get logLevels(): LogLevels {
    return this.#log.levels;
  }

  /** The running configuration, and when it was taken by the wall clock; undefined until the first one runs. */
  get configuration(): { readonly bootstrap: Bootstrap; readonly loadedMs: number } | undefined {
    return this.#current && { bootstrap: this.#current.bootstrap, loadedMs: this.#loadedMs };
  }

  /** Of the admin interface; undefined when there is none. */
  get adminAddress(): Address | undefined {
    return this.#admin?.address;
  }

  /** Bound addresses by listener name. */
  addresses(): readonly BoundListener[] {
    return this.#foundation?.workers.bound ?? [];
  }

  /** To be called before statistics are read. */
  refreshStats(): void {
    this.#built.discovery.beforeScrape();
    const connections = [...this.stats.groups()].filter(({ prefix, schema }) => prefix.startsWith('listener.') && schema.gauges.includes('downstream_cx_active'));
    const total = connections.reduce((sum, group) => sum + (group.prefix.includes('.worker_') ? 0 : group.gauge(group.schema.gauges.indexOf('downstream_cx_active'))), 0);
    this.#built.serverStats.refresh(total, this.#clock.wallMs());
  }

  flushStats(): void {
    this.#built.stats.flushHistograms();
    this.#built.serverStats.flush(this.#state);
  }

  /**
   * Reads the bootstrap again and swaps to it. The running configuration stays when there is a problem: then this rejects as `start` does. Reloads
   * run one after the other; those asked for while one waits become one with it.
   */
  reload(): Promise<ConfigurationChange> {
    if (this.#closed !== undefined) return Promise.reject(new Error('the proxy is closing'));
    return this.#reload.run();
  }

  get tlsContexts(): readonly TlsContextReport[] {
    return this.#rotation.contexts;
  }

  /** Those that do not stand in the bootstrap. */
  get secrets(): readonly SecretSubscription[] {
    return this.#rotation.secrets.subscriptions;
  }

  runtimeLayers(): readonly RuntimeLayer[] {
    return this.#runtimeLayers.layers();
  }

  /** False when there is no admin layer. */
  modifyRuntime(changes: ReadonlyMap<string, string>): boolean {
    if (!this.#runtimeLayers.modify(changes)) return false;
    this.#publishRuntime();
    return true;
  }

  /** `/healthcheck/fail` and `/healthcheck/ok`. */
  failHealthChecks(failed: boolean, settings: DrainSettings): void {
    this.#healthCheckFailed = failed;
    this.#built.workers.drain(failed ? { ...settings, failsHealthChecks: true } : undefined);
    this.#showState();
  }

  startDrain(settings: DrainSettings): void {
    this.#built.workers.drain(settings);
  }

  async stopListening(inboundOnly = false): Promise<void> {
    const { workers, serverStats } = this.#built;
    const concerned = (this.#current?.listeners ?? []).filter(({ message }) => !inboundOnly || message.trafficDirection === TrafficDirection.INBOUND);
    const stopped = concerned.filter((listener) => !this.#stopped.has(listener));
    for (const listener of stopped) this.#stopped.add(listener);
    await workers.stopListening(inboundOnly);
    serverStats.listeners.add(LISTENER_MANAGER_STATS.listener_stopped, stopped.length * workers.workers.length);
  }

  /** `/drain_listeners` */
  drainListeners({ graceful, skipExit, inboundOnly }: DrainRequest, settings: DrainSettings): void {
    this.startDrain({ ...settings, inboundOnly });
    if (skipExit) return;
    const stop = (): void => void this.stopListening(inboundOnly);
    if (graceful && settings.timeMs > 0) this.#timers.after(settings.timeMs, { onTimer: stop });
    else stop();
  }

  countConnections(): Promise<number> {
    return this.#built.workers.countConnections();
  }

  reopenLogs(): void {
    this.#log.reopen();
    this.#foundation?.workers.reopenLogs();
    this.#admin?.reopenLogs();
  }

  /** Something has been thrown that nobody catches: what this thread has recorded is written at once. */
  rescueAccessLogs(): void {
    this.#foundation?.workers.rescueAccessLogs();
    this.#admin?.rescueAccessLogs();
  }

  /** Ends everything at once and leaves nothing behind. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  get #drainMs(): number {
    return (this.#options.drain ?? DEFAULT_DRAIN).timeMs;
  }

  get #built(): Foundation {
    if (this.#foundation === undefined) throw new Error('the proxy has not started');
    return this.#foundation;
  }

  async #start(): Promise<void> {
    const judged = this.#judge.judge(this.#options);
    this.#logWarnings(judged);
    if (judged.logFormat !== undefined) this.#log.setFormat(judged.logFormat);
    this.#runtimeLayers.replace(judged.runtimeLayers);
    this.#foundation = await this.#build(judged);
    if (judged.stats.flushIntervalMs !== undefined) this.#flushEvery(judged.stats.flushIntervalMs);
    this.#publishRuntime();
    await this.#startAdmin(judged);
    this.#enter('INITIALIZING');
    this.#built.workers.start();
    await this.#swap(judged);
    if (judged.listeners.length > 0 && this.addresses().length === 0) throw new Error(`no worker could be started: ${this.#built.workers.lastFailure}`);
    this.#enter('LIVE');
    const { serverStats } = this.#built;
    serverStats.listeners.gaugeSet(LISTENER_MANAGER_STATS.workers_started, 1);
    serverStats.server.record(SERVER_STATS.initialization_time_ms, Math.round(this.uptimeMs));
  }

  /** Before the listeners: who asks whether the proxy is ready gets an answer while it is not. */
  async #startAdmin({ admin: settings, bootstrap, node, stats }: Judged): Promise<void> {
    if (settings === undefined) return;
    const { libraryAdminOptions, startAdmin } = await import('./admin-host.ts');
    const options = this.#options.admin ?? libraryAdminOptions(this, this.#options.concurrency ?? 1);
    const log = this.#log.logger.component('admin');
    const thread = { registry: this.registry, stats: this.#built.store, clock: this.#clock, timers: this.#timers, random: this.#random, runtime: this.#runtime, log, node, serving: true };
    const files = this.#options.files ?? DEFAULT_FILES;
    this.#admin = await startAdmin(this, { ...options, settings, bootstrap, flushOnRead: stats.flushIntervalMs === undefined, thread, files });
  }

  #build(judged: Judged): Promise<Foundation> {
    const { transport = 'auto', concurrency = 1, disabledExtensions = [], files = DEFAULT_FILES, drain = DEFAULT_DRAIN } = this.#options;
    return buildFoundation(judged, {
      transport,
      concurrency,
      disabledExtensions,
      files,
      drain,
      registry: this.registry,
      clock: this.#clock,
      timers: this.#timers,
      random: this.#random,
      runtime: this.#runtime,
      runtimeLayers: this.#runtimeLayers,
      log: this.#log,
      startedMs: this.#startedMs,
    });
  }

  #flushEvery(intervalMs: number): void {
    const flush = (): void => {
      if (this.#closed !== undefined) return;
      this.flushStats();
      this.#flushEvery(intervalMs);
    };
    this.#timers.after(intervalMs, { onTimer: flush });
  }

  async #reloadNow(): Promise<ConfigurationChange> {
    const log = this.#log.logger.component('config');
    try {
      const judged = this.#judge.judge(this.#options);
      this.#logWarnings(judged);
      const change = compareConfigurations(this.#current, judged);
      await this.#swapWithRuntime(judged);
      logChange(log, change);
      return change;
    } catch (error) {
      for (const line of (error as Error).message.split('\n')) log.error(`the configuration is not reloaded: ${line}`);
      throw error;
    }
  }

  /** The workers compile with the values that the judge compiled with. */
  async #swapWithRuntime(judged: Judged): Promise<void> {
    this.#runtimeLayers.replace(judged.runtimeLayers);
    this.#publishRuntime();
    try {
      await this.#swap(judged);
    } catch (error) {
      this.#runtimeLayers.replace(this.#current?.runtimeLayers ?? []);
      this.#publishRuntime();
      throw error;
    }
  }

  /**
   * Make before break: clusters that are new or changed join those that run, and find their hosts; then listeners and routes change; then clusters
   * that nobody names any more go, at once or, where connections drain that may still ask for them, with the drain.
   */
  async #swap(judged: Judged): Promise<void> {
    const change = compareConfigurations(this.#current, judged);
    this.#rotation.adopt(judged);
    this.#swapping = true;
    try {
      const draining = await this.#swapListeners(judged);
      if (draining.listeners + draining.chains > 0) this.#retiring.hold(judged.clusters, this.#current?.clusters ?? [], this.#drainMs, () => this.#dropClusters());
      this.#retiring.forget(judged.clusters);
      this.#built.overload.configure(judged.overload);
      this.#current = judged;
      this.#loadedMs = this.#clock.wallMs();
      this.#countChange(change.listeners, judged, draining);
    } catch (error) {
      if (this.#current !== undefined) this.#rotation.adopt(this.#current);
      throw error;
    } finally {
      this.#swapping = false;
      this.#dropClusters();
    }
  }

  async #swapListeners(judged: Judged): Promise<Draining> {
    const { workers, discovery, serverStats } = this.#built;
    this.#useClusters(this.#retiring.union(judged.clusters, this.#current?.clusters ?? []));
    await discovery.whenWarm();
    if (this.#closed !== undefined) throw new Error('the proxy is closing');
    const { problems, draining } = await workers.updateListeners(judged.listeners);
    if (problems.length === 0) return draining;
    serverStats.listeners.add(LISTENER_MANAGER_STATS.listener_create_failure, problems.length);
    throw new Error(problems.map(({ listener, message }) => `error adding listener '${listener}': ${message}`).join('\n'));
  }

  /** What is left is what the configuration names, and what drains. */
  #dropClusters(): void {
    if (this.#swapping || this.#closed !== undefined) return;
    const left = this.#retiring.union(this.#current?.clusters ?? [], []);
    if (left.length !== this.#clusters.length || left.some((spec, index) => spec !== this.#clusters[index])) this.#useClusters(left);
  }

  #useClusters(clusters: readonly ClusterSpec[]): void {
    this.#clusters = clusters;
    const { workers, discovery } = this.#built;
    workers.updateClusters(clusters);
    discovery.update(clusters);
  }

  #countChange({ added, modified, removed }: NamedChange, judged: Judged, draining: Draining): void {
    const { listeners, runtime, server } = this.#built.serverStats;
    // What was never written is unused to `usedonly`.
    const count = (statistic: CounterId, number: number): void => {
      if (number > 0) listeners.add(statistic, number);
    };
    count(LISTENER_MANAGER_STATS.listener_added, added.length);
    count(LISTENER_MANAGER_STATS.listener_modified, modified.length);
    count(LISTENER_MANAGER_STATS.listener_removed, removed.length);
    count(LISTENER_MANAGER_STATS.listener_in_place_updated, modified.length - Math.max(0, draining.listeners - removed.length));
    if (draining.listeners + draining.chains > 0) this.#built.serverStats.countDraining(draining, this.#timers, this.#drainMs);
    count(LISTENER_MANAGER_STATS.listener_create_success, (added.length + modified.length) * this.workers.length);
    listeners.gaugeSet(LISTENER_MANAGER_STATS.total_listeners_active, judged.listeners.length);
    server.add(SERVER_STATS.static_unknown_fields, judged.unknownFields);
    if (judged.deprecatedUses === 0) return;
    runtime.add(RUNTIME_STATS.deprecated_feature_use, judged.deprecatedUses);
    runtime.gaugeAdd(RUNTIME_STATS.deprecated_feature_seen_since_process_start, judged.deprecatedUses);
  }

  #publishRuntime(): void {
    const values = this.#runtimeLayers.values();
    this.#runtime.replace(values);
    const { workers, serverStats } = this.#built;
    if (workers.workers.length > 1) workers.updateRuntime(values);
    serverStats.countRuntimeLoad();
    serverStats.runtime.gaugeSet(RUNTIME_STATS.num_keys, values.size);
    serverStats.runtime.gaugeSet(RUNTIME_STATS.num_layers, this.#runtimeLayers.layers().length);
    serverStats.runtime.gaugeSet(RUNTIME_STATS.admin_overrides_active, this.#runtimeLayers.adminOverrides > 0 ? 1 : 0);
  }

  #enter(state: ServerState): void {
    this.#state = state;
    this.#built.serverStats.state(state);
  }

  #showState(): void {
    if (this.#state === 'LIVE' || this.#state === 'DRAINING') this.#enter(this.#healthCheckFailed ? 'DRAINING' : 'LIVE');
  }

  #logWarnings({ warnings }: Judged): void {
    const log = this.#log.logger.component('misc');
    for (const warning of warnings) log.warning(formatProblem(warning));
  }

  async #close(): Promise<void> {
    this.#rotation.close();
    await this.#admin?.close();
    await this.#foundation?.workers.close();
    this.#foundation?.discovery.close();
    this.#timers.close();
  }
}
