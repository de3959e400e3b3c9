import type { Logger } from '../core/log.ts';
import type { HeldStream } from '../http/codec/codec.ts';
import type { Address, TransportError } from '../transport/transport.ts';
import { ActiveListener, type ListenerLookup, type ListenerThread } from './active-listener.ts';
import { type ListenerSpec, statsOf } from './compile.ts';

export interface ListenerProblem {
  readonly listener: string;
  readonly message: string;
}

/** A socket that is destroyed has told so after a few turns of the event loop. */
const MAX_CLOSING_TURNS = 100;

/** What an update leaves behind for the length of the drain time. */
export interface Draining {
  readonly listeners: number;
  readonly chains: number;
}

export const NONE_DRAINING: Draining = { listeners: 0, chains: 0 };

interface ListenerStart {
  /** Nobody wants them any more: a new listener takes over the sockets of one that had its addresses under another name. */
  readonly leaving: Set<ActiveListener>;
  /** Of each of its addresses, where the configuration says 0. */
  readonly ports: readonly number[];
}

/** The listeners of one thread, by name. */
export class ListenerManager implements ListenerLookup {
  readonly #listeners = new Map<string, ActiveListener>();
  readonly #draining = new Set<ActiveListener>();
  readonly #thread: ListenerThread;
  readonly #log: Logger;
  #paused = false;

  constructor(thread: ListenerThread, log: Logger) {
    this.#thread = thread;
    this.#log = log;
  }

  /** By name. */
  spec(name: string): ListenerSpec | undefined {
    return this.#listeners.get(name)?.spec;
  }

  /** Name and bound address of each listener. */
  addresses(): { name: string; address: Address; additional: readonly Address[] }[] {
    return [...this.#listeners.values()].map(({ spec, addresses }) => ({ name: spec.name, address: addresses[0]!, additional: addresses.slice(1) }));
  }

  /** By the whole address, else by one that stands for every address of the port. */
  listenerAt({ text, port, host }: Address): ActiveListener | undefined {
    const everyHost = host.includes(':') ? '::' : '0.0.0.0';
    const serves = (listener: ActiveListener, test: (address: Address) => boolean): boolean => listener.addresses.some(test);
    const listeners = [...this.#listeners.values()];
    return (
      listeners.find((listener) => serves(listener, (address) => address.text === text)) ??
      listeners.find((listener) => serves(listener, (address) => address.host === everyHost && address.port === port))
    );
  }

  /**
   * Makes the listeners be as `specs` say: new ones listen, those whose socket is as before are changed in place, the others
   * are replaced: the new socket listens before the old one stops. Resolves with what could not be done; what was, stays, also what nobody wants any more.
   */
  async update(specs: readonly ListenerSpec[], ports?: ReadonlyMap<string, number>): Promise<{ readonly problems: readonly ListenerProblem[]; readonly draining: Draining }> {
    const problems: ListenerProblem[] = [];
    const drainingBefore = this.#draining.size;
    let chains = 0;
    const wanted = new Set(specs.map((spec) => spec.name));
    const leaving = new Set([...this.#listeners.values()].filter(({ spec }) => !wanted.has(spec.name)));
    for (const spec of specs) {
      const running = this.#listeners.get(spec.name);
      if (running !== undefined && running.spec.rest === spec.rest) {
        chains += running.update(spec);
        continue;
      }
      const problem = await this.#start(spec, { leaving, ports: spec.binds.map((_, index) => ports?.get(portKey(spec.name, index)) ?? 0) });
      if (problem === undefined) continue;
      problems.push(problem);
      for (const stats of statsOf(spec)) stats.end();
    }
    if (problems.length === 0) for (const listener of leaving) this.#retire(listener);
    return { problems, draining: { listeners: this.#draining.size - drainingBefore, chains } };
  }

  /** What comes is held, and refused beyond the backlog; listeners that bypass the overload manager go on. */
  pauseAccepts(paused: boolean): void {
    this.#paused = paused;
    for (const listener of this.#listeners.values()) listener.pauseAccepts(paused);
  }

  *heldStreams(): Iterable<HeldStream> {
    for (const listener of this.#listeners.values()) yield* listener.heldStreams();
  }

  /** Marks answers as the last of their connection and ends idle connections. */
  startDrain(): void {
    for (const listener of this.#listeners.values()) listener.startDrain();
  }

  async stopListening(inboundOnly = false): Promise<void> {
    const listeners = [...this.#listeners.values()].filter(({ spec }) => spec.inbound || !inboundOnly);
    await Promise.all(listeners.map((listener) => listener.stopListening()));
  }

  get connectionCount(): number {
    let count = 0;
    for (const listener of this.#listeners.values()) count += listener.connectionCount;
    for (const listener of this.#draining) count += listener.connectionCount;
    return count;
  }

  /** Ends all connections; they have told of their end, and left their records in access logs, when this resolves. */
  async close(): Promise<void> {
    await this.stopListening();
    for (const listener of [...this.#listeners.values(), ...this.#draining]) listener.destroyConnections();
    for (let turn = 0; turn < MAX_CLOSING_TURNS && this.connectionCount > 0; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  async #start(spec: ListenerSpec, { leaving, ports }: ListenerStart): Promise<ListenerProblem | undefined> {
    const before = this.#listeners.get(spec.name);
    if (before !== undefined && before.spec.reusePort !== spec.reusePort) {
      return { listener: spec.name, message: `Listener ${spec.name}: reuse port cannot be changed during an update; give it another name and address, or restart` };
    }
    const listener = new ActiveListener(spec, this.#thread, this);
    const holder = [before, ...leaving].find((other) => other?.spec.socketIdentity === spec.socketIdentity);
    if (holder !== undefined) listener.takeSockets(holder);
    else {
      try {
        await listener.listen(ports, this.#thread.workerIndex === 0);
      } catch (error) {
        void listener.stopListening();
        const { message } = error as TransportError;
        return { listener: spec.name, message: `cannot bind '${spec.binds.map(({ address }) => address.text).join("', '")}': ${message}` };
      }
    }
    if (this.#paused) listener.pauseAccepts(true);
    this.#listeners.set(spec.name, listener);
    if (before !== undefined) this.#drain(before);
    if (holder !== undefined && leaving.delete(holder)) this.#retire(holder);
    return undefined;
  }

  #retire(listener: ActiveListener): void {
    this.#listeners.delete(listener.spec.name);
    this.#drain(listener);
  }

  /** Connections live on until the drain time is over. */
  #drain(listener: ActiveListener): void {
    const { timers, drain } = this.#thread;
    this.#draining.add(listener);
    this.#log.debug(`listener '${listener.spec.name}' drains`);
    listener.retire();
    void listener.stopListening();
    const end = (): void => {
      this.#draining.delete(listener);
      listener.end();
    };
    timers.after(drain.timeMs, { onTimer: end });
  }
}

/** How the ports that were chosen for port 0 are kept: by the listener's name and, beyond its first address, the place. */
export function portKey(listener: string, index: number): string {
  return index === 0 ? listener : `${listener}\n${index}`;
}
