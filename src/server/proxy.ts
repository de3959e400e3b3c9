import type { Bootstrap } from '../api/generated/envoy/config/bootstrap/v3.ts';
import { createBreakerTally, createSharedBreakerMemory, LocalBreakerTable, reclaimBreakers, type SharedBreakerMemory } from '../cluster/breaker-table.ts';
import type { ClusterSpec, HostSetUpdate } from '../cluster/cluster-spec.ts';
import { type BootstrapOptions, loadBootstrap } from '../config/loader.ts';
import { systemClock } from '../core/clock.ts';
import type { NodeInfo, ServiceKey } from '../core/extension.ts';
import { type Logger, silentLogger } from '../core/log.ts';
import { formatProblem, type Problem, type Problems } from '../core/problems.ts';
import { SystemRandom } from '../core/random.ts';
import { emptyRuntime } from '../core/runtime.ts';
import type { StatAnnouncement } from '../core/stats/announcement.ts';
import { StatScrape } from '../core/stats/scrape.ts';
import { SharedStatStore } from '../core/stats/store.ts';
import { Timers } from '../core/timers.ts';
import { extensions } from '../extensions.ts';
import { CLUSTERS } from '../http/http-services.ts';
import { createDirectTransport } from '../transport/direct-transport.ts';
import { createPublicTransport } from '../transport/public-transport.ts';
import type { Address } from '../transport/transport.ts';
import type { ThreadServices } from './compile-context.ts';
import { compileClusters, compileListeners } from './configuration.ts';
import type { DrainSettings } from './drain-decision.ts';
import { ExtensionRegistry } from './extension-registry.ts';
import type { ConfigurationMessage } from './messages.ts';
import { ProxyThread } from './proxy-thread.ts';
import { ThreadWorker } from './thread-worker.ts';
import type { Worker, WorkerFailure } from './worker.ts';

export interface ProxyOptions extends BootstrapOptions {
  readonly transport?: 'auto' | 'direct' | 'public' | undefined;
  /** Worker threads; 1 (the default) serves in this thread. */
  readonly concurrency?: number | undefined;
  readonly log?: Logger | undefined;
}

/** A configuration that cannot be served; every problem it has. */
export class ConfigurationError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.name = 'ConfigurationError';
    this.problems = problems;
  }
}

/** A good bootstrap and what the main thread made of it. */
interface Judged {
  readonly bootstrap: Bootstrap;
  readonly clusters: readonly ClusterSpec[];
}

/** The main thread: owns the configuration and the workers. */
export class Proxy {
  readonly stats = new StatScrape();
  readonly #options: ProxyOptions;
  readonly #log: Logger;
  readonly #registry = new ExtensionRegistry(extensions);
  readonly #judging: ThreadServices;
  readonly #workers: Worker[] = [];
  readonly #connectionIds = new SharedArrayBuffer(4);
  readonly #hosts = new Map<string, HostSetUpdate>();
  #breakers: SharedBreakerMemory[] = [];
  #addresses: readonly { readonly name: string; readonly address: Address }[] = [];
  #current: Judged | undefined;
  #closing = false;

  private constructor(options: ProxyOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLogger;
    // What compiling creates here is thrown away: only the workers serve.
    this.#judging = {
      registry: this.#registry,
      stats: new SharedStatStore({ onAnnounce: () => {} }),
      clock: systemClock,
      timers: new Timers(systemClock),
      random: new SystemRandom(),
      runtime: emptyRuntime,
      log: this.#log,
      node: NOBODY,
      serving: false,
    };
  }

  /** Rejects with a ConfigurationError, or with an Error when a listener cannot be bound. */
  static async start(options: ProxyOptions): Promise<Proxy> {
    const proxy = new Proxy(options);
    const judged = proxy.#judge(options);
    proxy.#startWorkers();
    try {
      await proxy.#configure(judged);
    } catch (error) {
      await proxy.close();
      throw error;
    }
    return proxy;
  }

  /** Reads and compiles a configuration without serving it: `--mode validate`. Throws a ConfigurationError. */
  static validate(options: ProxyOptions): void {
    new Proxy(options).#judge(options);
  }

  /** Bound addresses by listener name. */
  addresses(): readonly { readonly name: string; readonly address: Address }[] {
    return this.#addresses;
  }

  /** Reads the bootstrap again and swaps to it. The running configuration stays when there is a problem. */
  async reload(): Promise<void> {
    await this.#configure(this.#judge(this.#options));
  }

  startDrain(settings: DrainSettings): void {
    for (const worker of this.#workers) worker.startDrain(settings);
  }

  async stopListening(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stopListening()));
  }

  reopenLogs(): void {
    for (const worker of this.#workers) worker.reopenLogs();
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#workers.map((worker) => worker.close()));
    this.#judging.timers.close();
  }

  #judge(options: BootstrapOptions): Judged {
    const { message: bootstrap, problems } = loadBootstrap(options);
    if (bootstrap === undefined || !problems.ok) throw new ConfigurationError(problems.errors);
    const clusters = compileClusters(bootstrap, problems, this.#judging);
    const names = new Set(clusters.map((cluster) => cluster.name));
    compileListeners(bootstrap, problems, this.#judging, names, JUDGING_SERVICES);
    throwIfBad(problems);
    return { bootstrap, clusters };
  }

  async #configure(judged: Judged): Promise<void> {
    const { bootstrap, clusters } = judged;
    const ports = new Map(this.#addresses.map(({ name, address }) => [name, address.port]));
    for (const worker of this.#workers) {
      const configuration: ConfigurationMessage = { bootstrap, clusters, hosts: [...this.#hosts.values()], ports };
      const { problems, addresses } = await worker.configure(configuration);
      if (problems.length > 0) throw new Error(problems.map(({ listener, message }) => `listener '${listener}': ${message}`).join('\n'));
      for (const { name, address } of addresses) ports.set(name, address.port);
      this.#addresses = addresses;
    }
    this.#current = judged;
  }

  #startWorkers(): void {
    const { concurrency = 1 } = this.#options;
    if (concurrency <= 1) {
      this.#workers.push(this.#inlineWorker());
      return;
    }
    const shared = createSharedBreakerMemory();
    this.#breakers = Array.from({ length: concurrency }, () => ({ shared, tally: createBreakerTally(shared) }));
    for (let index = 0; index < concurrency; index++) this.#workers.push(this.#threadWorker(index));
  }

  #inlineWorker(): Worker {
    const timers = new Timers(systemClock);
    const direct = this.#options.transport === 'public' ? undefined : createDirectTransport({ timers });
    let connections = 0;
    this.stats.addThread(0);
    return new ProxyThread({
      index: 0,
      registry: this.#registry,
      transport: direct ?? createPublicTransport({ timers }),
      clock: systemClock,
      timers,
      random: new SystemRandom(),
      runtime: emptyRuntime,
      stats: new SharedStatStore({ direct: true, onAnnounce: (announcement) => this.stats.announce(0, announcement) }),
      log: this.#log,
      node: NOBODY,
      breakers: new LocalBreakerTable(),
      nextConnectionId: () => connections++,
    });
  }

  #threadWorker(index: number): Worker {
    this.stats.addThread(index);
    const transport = this.#options.transport === 'public' ? 'public' : 'direct';
    const setup = { index, transport, node: NOBODY, logLevel: 'info', breakers: this.#breakers[index]!, connectionIds: this.#connectionIds } as const;
    return new ThreadWorker(setup, {
      onStatistics: (from: number, announcement: StatAnnouncement) => this.stats.announce(from, announcement),
      onWorkerFailed: (failure) => this.#replace(failure),
    });
  }

  /** Another worker takes the place of one that died, with the running configuration. */
  #replace({ index, reason }: WorkerFailure): void {
    this.#log.critical(`worker ${index} has ended and is replaced: ${reason}`);
    this.stats.removeThread(index);
    reclaimBreakers(this.#breakers[index]!);
    const current = this.#current;
    if (this.#closing || current === undefined) return;
    this.#breakers[index] = { shared: this.#breakers[index]!.shared, tally: createBreakerTally(this.#breakers[index]!.shared) };
    const worker = this.#threadWorker(index);
    this.#workers[index] = worker;
    const ports = new Map(this.#addresses.map(({ name, address }) => [name, address.port]));
    const { bootstrap, clusters } = current;
    worker.configure({ bootstrap, clusters, hosts: [...this.#hosts.values()], ports }).catch((error: Error) => {
      this.#log.critical(`worker ${index} cannot be configured: ${error.message}`);
    });
  }
}

const NOBODY: NodeInfo = { id: '', cluster: '', zone: '' };

const JUDGING_SERVICES = new Map<ServiceKey<unknown>, unknown>([[CLUSTERS, { get: () => undefined }]]);

function throwIfBad(problems: Problems): void {
  if (!problems.ok) throw new ConfigurationError(problems.errors);
}
