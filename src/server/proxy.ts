import { loadBootstrap, type BootstrapOptions } from '../config/loader.ts';
import { systemClock } from '../core/clock.ts';
import { silentLogger, type Logger } from '../core/log.ts';
import { formatProblem, type Problem } from '../core/problems.ts';
import { SystemRandom } from '../core/random.ts';
import { emptyRuntime } from '../core/runtime.ts';
import { StatScrape } from '../core/stats/scrape.ts';
import { SharedStatStore } from '../core/stats/store.ts';
import { Timers } from '../core/timers.ts';
import { extensions } from '../extensions.ts';
import { createDirectTransport } from '../transport/direct-transport.ts';
import { createPublicTransport } from '../transport/public-transport.ts';
import type { Address } from '../transport/transport.ts';
import { compileBootstrap } from './configuration.ts';
import { ExtensionRegistry } from './extension-registry.ts';
import { ProxyThread } from './proxy-thread.ts';

export interface ProxyOptions extends BootstrapOptions {
  readonly transport?: 'auto' | 'direct' | 'public' | undefined;
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

/** A running proxy in this thread. */
export class Proxy {
  readonly stats: StatScrape;
  readonly #thread: ProxyThread;

  private constructor(thread: ProxyThread, stats: StatScrape) {
    this.#thread = thread;
    this.stats = stats;
  }

  /** Rejects with a ConfigurationError, or with an Error when a listener cannot be bound. */
  static async start(options: ProxyOptions): Promise<Proxy> {
    const loaded = loadBootstrap(options);
    if (loaded.message === undefined || !loaded.problems.ok) throw new ConfigurationError(loaded.problems.errors);
    const clock = systemClock;
    const timers = new Timers(clock);
    const scrape = new StatScrape();
    scrape.addThread(0);
    const direct = options.transport === 'public' ? undefined : createDirectTransport({ timers });
    let connections = 0;
    const thread = new ProxyThread({
      index: 0,
      registry: new ExtensionRegistry(extensions),
      transport: direct ?? createPublicTransport({ timers }),
      clock,
      timers,
      random: new SystemRandom(),
      runtime: emptyRuntime,
      stats: new SharedStatStore({ direct: true, onAnnounce: (announcement) => scrape.announce(0, announcement) }),
      log: options.log ?? silentLogger,
      node: { id: '', cluster: '', zone: '' },
      drain: { shouldClose: () => false },
      nextConnectionId: () => ++connections,
    });
    const configuration = compileBootstrap(loaded.message, loaded.problems, thread.services, thread.compileServices);
    if (!loaded.problems.ok) throw new ConfigurationError(loaded.problems.errors);
    const failures = await thread.apply(configuration);
    if (failures.length > 0) {
      await thread.close();
      throw new Error(failures.map((failure) => `listener '${failure.listener}': ${failure.message}`).join('\n'));
    }
    return new Proxy(thread, scrape);
  }

  /** Bound addresses by listener name. */
  addresses(): { name: string; address: Address }[] {
    return this.#thread.addresses();
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }
}
