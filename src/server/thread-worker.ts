import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import type { Worker as NodeWorker } from 'node:worker_threads';
import { toBinary } from '../api/protobuf.ts';
import { schemaOf } from '../api/registry.ts';
import type { HostSetUpdate } from '../cluster/cluster-spec.ts';
import type { OverloadMessage } from '../core/overload.ts';
import type { RuntimeValue } from '../core/runtime.ts';
import type { StatAnnouncement } from '../core/stats/announcement.ts';
import type { Timers } from '../core/timers.ts';
import type { DrainSettings } from '../listener/drain-manager.ts';
import { SentClusters } from './cluster-changes.ts';
import { type HeartbeatOwner, HeartbeatWatch, STALL_LIMIT_MS } from './heartbeat.ts';
import type { ListenerUpdate } from './listener-changes.ts';
import type { ClustersMessage, FromWorker, ListenersOutcome, TlsMaterialMessage, ToWorker, WorkerAnswer, WorkerSetup } from './messages.ts';
import type { Worker, WorkerFailure } from './worker.ts';

export interface ThreadWorkerOwner {
  onStatistics(index: number, announcement: StatAnnouncement): void;
  /** The thread has ended on its own; what it was doing is lost. Exactly once, and not after `close`. */
  onWorkerFailed(worker: ThreadWorker, failure: WorkerFailure): void;
  /** The thread does nothing for longer than it may: what is asked of it fails, and what it is told it does not hear. */
  onWorkerStalled(worker: ThreadWorker): void;
  /** It goes on. `missed`: it has to be told how things stand now. */
  onWorkerRecovered(worker: ThreadWorker, missed: boolean): void;
  /** What nobody waits for any more. */
  onLateAnswer(worker: ThreadWorker, answer: WorkerAnswer): void;
}

/** What was asked of a worker that has ended or stalled. */
export class WorkerUnavailable extends Error {
  constructor(index: number, why: string) {
    super(`worker ${index} ${why}`);
    this.name = 'WorkerUnavailable';
  }
}

/** A thread that is not done with closing by then is ended as it is: it may be caught in a loop. */
export const CLOSE_LIMIT_MS = 10_000;

/** Semi-spaces of 16 MiB (docs/decisions/memory.md). */
const YOUNG_GENERATION_MB = 48;

/** A worker in a thread of its own. */
export class ThreadWorker implements Worker, HeartbeatOwner {
  readonly index: number;
  readonly #thread: NodeWorker;
  readonly #owner: ThreadWorkerOwner;
  readonly #timers: Timers;
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (reason: Error) => void }>();
  readonly #clusters = new SentClusters();
  #requests = 0;
  #closing = false;
  #failure: WorkerFailure | undefined;
  #utilization: EventLoopUtilization | undefined;
  readonly #heartbeat: HeartbeatWatch;
  /** Since it stalled it was told something. */
  #missed = false;

  constructor(setup: WorkerSetup, owner: ThreadWorkerOwner, timers: Timers) {
    this.index = setup.index;
    this.#owner = owner;
    this.#timers = timers;
    const threads = process.getBuiltinModule('node:worker_threads');
    this.#thread = new threads.Worker(workerEntry(), {
      workerData: setup,
      name: `wrk:worker_${setup.index}`,
      // Flags of the main program, such as --eval, may not fit a worker's.
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    this.#thread.on('message', (message: FromWorker) => this.#onMessage(message));
    let thrown: string | undefined;
    this.#thread.on('error', (error) => (thrown = error instanceof Error ? (error.stack ?? error.message) : String(error)));
    // Only now are its sockets closed, so that who takes its place can listen where it did.
    this.#thread.on('exit', (code) => this.#onEnded(thrown ?? `exited with code ${code}`));
    this.#heartbeat = new HeartbeatWatch(setup.heartbeat, this, timers);
  }

  updateTls({ secrets, sourced, files }: TlsMaterialMessage): void {
    this.#send({ kind: 'tls', secrets, sourced, files });
  }

  updateSecret(key: string, secret: Uint8Array): void {
    this.#send({ kind: 'secret', key, secret });
  }

  updateClusters(message: ClustersMessage): void {
    this.#send({ kind: 'clusters', ...this.#clusters.changes(message) });
  }

  updateHosts(update: HostSetUpdate): void {
    this.#send({ kind: 'hosts', update });
  }

  updateListeners(updates: readonly ListenerUpdate[], ports: ReadonlyMap<string, number>): Promise<ListenersOutcome> {
    const schema = schemaOf('envoy.config.listener.v3.Listener');
    const listeners = updates.map(({ name, message }) => ({ name, bytes: message && toBinary(schema, message) }));
    return this.#ask((id) => ({ kind: 'listeners', id, listeners, ports }));
  }

  updateRuntime(values: ReadonlyMap<string, RuntimeValue>): void {
    this.#send({ kind: 'runtime', values });
  }

  updateOverload(message: OverloadMessage): void {
    this.#send({ kind: 'overload', message });
  }

  drain(settings: DrainSettings | undefined): void {
    this.#send({ kind: 'drain', settings });
  }

  stopListening(inboundOnly: boolean): Promise<void> {
    return this.#ask((id) => ({ kind: 'stop-listening', id, inboundOnly }));
  }

  countConnections(): Promise<number> {
    return this.#ask((id) => ({ kind: 'count-connections', id }));
  }

  eventLoopUtilization(): number {
    if (this.#failure !== undefined) return 0;
    const now = this.#thread.performance.eventLoopUtilization();
    const before = this.#utilization;
    this.#utilization = now;
    return (before === undefined ? now : performance.eventLoopUtilization(now, before)).utilization;
  }

  reopenLogs(): void {
    this.#send({ kind: 'reopen-logs' });
  }

  /** Makes the thread throw, as a bug would: how tests show that the others live on. */
  fail(reason: string): void {
    this.#send({ kind: 'fail', reason });
  }

  /** Makes the thread do nothing else until the gate is opened. */
  stall(gate: SharedArrayBuffer): void {
    this.#send({ kind: 'stall', gate });
  }

  onStalled(): void {
    this.#rejectWaiting(this.#unavailable());
    this.#owner.onWorkerStalled(this);
  }

  onRecovered(): void {
    const missed = this.#missed;
    this.#missed = false;
    if (missed) this.#clusters.forget();
    this.#owner.onWorkerRecovered(this, missed);
  }

  async close(): Promise<void> {
    if (this.#failure !== undefined) return;
    this.#closing = true;
    const closed = this.#ask((id) => ({ kind: 'close', id })).catch(() => {});
    this.#heartbeat.close();
    const limit = Promise.withResolvers<void>();
    const timer = this.#timers.after(CLOSE_LIMIT_MS, { onTimer: () => limit.resolve() });
    await Promise.race([closed, limit.promise]);
    timer.disarm();
    await this.#thread.terminate();
  }

  #send(message: ToWorker): void {
    if (this.#failure !== undefined) return;
    if (this.#heartbeat.stalled) this.#missed = true;
    else this.#thread.postMessage(message);
  }

  #ask<T>(message: (id: number) => ToWorker): Promise<T> {
    if (this.#failure !== undefined || this.#heartbeat.stalled) {
      this.#missed = true;
      return Promise.reject(this.#unavailable());
    }
    const id = ++this.#requests;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#thread.postMessage(message(id));
    });
  }

  #unavailable(): WorkerUnavailable {
    return new WorkerUnavailable(this.index, this.#failure === undefined ? `has done nothing for ${STALL_LIMIT_MS / 1_000} s` : `has ended: ${this.#failure.reason}`);
  }

  #rejectWaiting(error: WorkerUnavailable): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #onMessage(message: FromWorker): void {
    if (message.kind === 'statistics') {
      this.#owner.onStatistics(this.index, message.announcement);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (waiting === undefined) this.#owner.onLateAnswer(this, message.value);
    else waiting.resolve(message.value as never);
  }

  #onEnded(reason: string): void {
    if (this.#failure !== undefined) return;
    this.#failure = { index: this.index, reason };
    this.#heartbeat.close();
    this.#rejectWaiting(this.#unavailable());
    if (!this.#closing) this.#owner.onWorkerFailed(this, this.#failure);
  }
}

/** The worker's program beside this module: a source file, or its built form. */
function workerEntry(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './worker-main.ts' : './worker-main.js', import.meta.url);
}
