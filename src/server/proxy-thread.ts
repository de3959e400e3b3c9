import { LocalBreakerTable } from '../cluster/breaker-table.ts';
import { ClusterManager } from '../cluster/cluster-manager.ts';
import type { HostSetUpdate } from '../cluster/cluster-spec.ts';
import type { Clock } from '../core/clock.ts';
import type { NodeInfo, ServiceKey } from '../core/extension.ts';
import type { Logger } from '../core/log.ts';
import type { Random } from '../core/random.ts';
import type { Runtime } from '../core/runtime.ts';
import type { StatStore } from '../core/stats/stats.ts';
import type { Timers } from '../core/timers.ts';
import { CLUSTERS } from '../http/http-services.ts';
import type { DrainDecision } from '../listener/network-filter.ts';
import { ListenerManager, type ListenerProblem } from '../listener/listener-manager.ts';
import type { Address, Transport } from '../transport/transport.ts';
import type { ThreadServices } from './compile-context.ts';
import type { Configuration } from './configuration.ts';
import type { ExtensionRegistry } from './extension-registry.ts';

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
  readonly drain: DrainDecision;
  nextConnectionId(): number;
}

/** Everything one thread serves with: its clusters and its listeners. */
export class ProxyThread {
  readonly services: ThreadServices;
  readonly compileServices: ReadonlyMap<ServiceKey<unknown>, unknown>;
  readonly clusters: ClusterManager;
  readonly listeners: ListenerManager;

  constructor(options: ProxyThreadOptions) {
    const { transport, clock, timers, random, runtime, stats, log, node, registry } = options;
    this.services = { registry, stats, clock, timers, random, runtime, log, node, serving: true };
    this.clusters = new ClusterManager({
      threadName: `worker_${options.index}`,
      stats,
      transport,
      clock,
      timers,
      random,
      runtime,
      breakers: new LocalBreakerTable(),
      nextConnectionId: () => options.nextConnectionId(),
    });
    this.compileServices = new Map<ServiceKey<unknown>, unknown>([[CLUSTERS, this.clusters]]);
    const thread = { transport, drain: options.drain, nextConnectionId: () => options.nextConnectionId(), nowMs: () => clock.monotonicMs() };
    this.listeners = new ListenerManager(thread, stats, log, options.index);
  }

  /** Swaps to a configuration that compiled without a problem: clusters first, then the listeners that route to them. */
  async apply(configuration: Configuration, ports?: ReadonlyMap<string, number>): Promise<ListenerProblem[]> {
    this.clusters.update(configuration.clusters);
    return this.listeners.update(configuration.listeners, ports);
  }

  updateHosts(update: HostSetUpdate): void {
    this.clusters.updateHosts(update);
  }

  addresses(): { name: string; address: Address }[] {
    return this.listeners.addresses();
  }

  async close(): Promise<void> {
    await this.listeners.close();
    this.clusters.close();
    this.services.timers.close();
  }
}
