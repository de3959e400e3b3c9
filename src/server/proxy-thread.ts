import type { BreakerTable } from '../cluster/breaker-table.ts';
import { ClusterManager } from '../cluster/cluster-manager.ts';
import type { HostSetUpdate } from '../cluster/cluster-spec.ts';
import type { Clock } from '../core/clock.ts';
import type { NodeInfo, ServiceKey } from '../core/extension.ts';
import type { Logger } from '../core/log.ts';
import { Problems } from '../core/problems.ts';
import type { Random } from '../core/random.ts';
import type { Runtime } from '../core/runtime.ts';
import type { StatStore } from '../core/stats/stats.ts';
import type { Timers } from '../core/timers.ts';
import { CLUSTERS } from '../http/http-services.ts';
import { ListenerManager } from '../listener/listener-manager.ts';
import type { Transport } from '../transport/transport.ts';
import type { ThreadServices } from './compile-context.ts';
import { compileListeners } from './configuration.ts';
import { DrainManager, type DrainSettings } from './drain-decision.ts';
import type { ExtensionRegistry } from './extension-registry.ts';
import type { ConfigurationMessage, ConfigureOutcome } from './messages.ts';
import type { Worker } from './worker.ts';

export interface ProxyThreadOptions {
  readonly index: number;
  readonly registry: ExtensionRegistry;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly runtime: Runtime;
  readonly stats: StatStore;
  readonly log: Logger;
  readonly node: NodeInfo;
  readonly breakers: BreakerTable;
  nextConnectionId(): number;
}

/** Everything one thread serves with: its clusters and its listeners. In one-thread mode it is the only worker. */
export class ProxyThread implements Worker {
  readonly index: number;
  readonly #services: ThreadServices;
  readonly #compileServices: ReadonlyMap<ServiceKey<unknown>, unknown>;
  readonly #clusters: ClusterManager;
  readonly #listeners: ListenerManager;
  readonly #drain: DrainManager;

  constructor(options: ProxyThreadOptions) {
    const { index, transport, clock, timers, random, runtime, stats, log, node, registry, breakers } = options;
    const nextConnectionId = (): number => options.nextConnectionId();
    this.index = index;
    this.#services = { registry, stats, clock, timers, random, runtime, log, node, serving: true };
    this.#drain = new DrainManager(clock, random);
    this.#clusters = new ClusterManager({ threadName: `worker_${index}`, stats, transport, clock, timers, random, runtime, breakers, nextConnectionId });
    this.#compileServices = new Map<ServiceKey<unknown>, unknown>([[CLUSTERS, this.#clusters]]);
    const thread = { transport, drain: this.#drain, nextConnectionId, nowMs: () => clock.monotonicMs() };
    this.#listeners = new ListenerManager(thread, stats, log, index);
  }

  /**
   * Swaps clusters first, then the listeners that route to them. The main thread has compiled the same bytes without a problem, so a
   * problem here is a bug in this program.
   */
  async configure({ bootstrap, clusters, hosts, ports }: ConfigurationMessage): Promise<ConfigureOutcome> {
    const problems = new Problems();
    const names = new Set(clusters.map((cluster) => cluster.name));
    const listeners = compileListeners(bootstrap, problems, this.#services, names, this.#compileServices);
    if (!problems.ok) throw new Error(`a configuration that was good in the main thread is not here: ${problems.errors[0]!.message}`);
    this.#clusters.update(clusters);
    for (const update of hosts) this.#clusters.updateHosts(update);
    const failures = await this.#listeners.update(listeners, ports);
    return { problems: failures, addresses: this.#listeners.addresses() };
  }

  updateHosts(update: HostSetUpdate): void {
    this.#clusters.updateHosts(update);
  }

  startDrain(settings: DrainSettings): void {
    this.#drain.start(settings);
    if (settings.strategy === 'immediate') this.#listeners.startDrain();
  }

  stopListening(): Promise<void> {
    return this.#listeners.stopListening();
  }

  reopenLogs(): void {}

  async close(): Promise<void> {
    await this.#listeners.close();
    this.#clusters.close();
    this.#services.timers.close();
  }
}

