import type { Logger } from '../core/log.ts';
import type { StatStore } from '../core/stats/stats.ts';
import type { Address, TransportError } from '../transport/transport.ts';
import { ActiveListener, type ListenerThread } from './active-listener.ts';
import type { ListenerSpec } from './compile.ts';
import { LISTENER_STATS, LISTENER_WORKER_STATS } from './stats.ts';

export interface ListenerProblem {
  readonly listener: string;
  readonly message: string;
}

/** The listeners of one thread, by name. */
export class ListenerManager {
  readonly #listeners = new Map<string, ActiveListener>();
  readonly #draining = new Set<ActiveListener>();
  readonly #thread: ListenerThread;
  readonly #stats: StatStore;
  readonly #log: Logger;
  readonly #workerIndex: number;

  constructor(thread: ListenerThread, stats: StatStore, log: Logger, workerIndex: number) {
    this.#thread = thread;
    this.#stats = stats;
    this.#log = log;
    this.#workerIndex = workerIndex;
  }

  /** Name and bound address of each listener. */
  addresses(): { name: string; address: Address }[] {
    return [...this.#listeners.values()].map((listener) => ({ name: listener.spec.name, address: listener.address }));
  }

  /**
   * Makes the listeners be as `specs` say: new ones listen, those whose socket is as before are changed in place, the others
   * are replaced: the new socket listens before the old one stops. Resolves with what could not be done; what was, stays.
   */
  async update(specs: readonly ListenerSpec[], ports?: ReadonlyMap<string, number>): Promise<ListenerProblem[]> {
    const problems: ListenerProblem[] = [];
    const wanted = new Set(specs.map((spec) => spec.name));
    for (const [name, listener] of this.#listeners) if (!wanted.has(name)) void this.#retire(name, listener);
    for (const spec of specs) {
      const running = this.#listeners.get(spec.name);
      if (running !== undefined && running.spec.socketIdentity === spec.socketIdentity) {
        running.update(spec);
        continue;
      }
      const problem = await this.#start(spec, ports?.get(spec.name) ?? 0);
      if (problem !== undefined) problems.push(problem);
    }
    return problems;
  }

  /** Marks answers as the last of their connection and ends idle connections. */
  startDrain(): void {
    for (const listener of this.#listeners.values()) listener.startDrain();
  }

  async stopListening(): Promise<void> {
    await Promise.all([...this.#listeners.values()].map((listener) => listener.stopListening()));
  }

  get connectionCount(): number {
    let count = 0;
    for (const listener of this.#listeners.values()) count += listener.connectionCount;
    for (const listener of this.#draining) count += listener.connectionCount;
    return count;
  }

  async close(): Promise<void> {
    await this.stopListening();
    for (const listener of [...this.#listeners.values(), ...this.#draining]) listener.destroyConnections();
  }

  async #start(spec: ListenerSpec, port: number): Promise<ListenerProblem | undefined> {
    const listener = new ActiveListener(
      spec,
      this.#thread,
      this.#stats.group(spec.statScope, LISTENER_STATS),
      this.#stats.group(`${spec.statScope}.worker_${this.#workerIndex}`, LISTENER_WORKER_STATS),
    );
    const before = this.#listeners.get(spec.name);
    try {
      await listener.listen(port);
    } catch (error) {
      const { message } = error as TransportError;
      return { listener: spec.name, message: `cannot bind '${spec.address.text}': ${message}` };
    }
    this.#listeners.set(spec.name, listener);
    if (before !== undefined) this.#drain(before);
    return undefined;
  }

  #retire(name: string, listener: ActiveListener): void {
    this.#listeners.delete(name);
    this.#drain(listener);
  }

  #drain(listener: ActiveListener): void {
    this.#draining.add(listener);
    this.#log.debug(`listener '${listener.spec.name}' drains`);
    listener.startDrain();
    void listener.stopListening();
  }
}
