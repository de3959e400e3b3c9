import { Worker as NodeWorker } from 'node:worker_threads';
import { toBinary } from '@bufbuild/protobuf';
import { schemaOf } from '../api/registry.ts';
import type { HostSetUpdate } from '../cluster/cluster-spec.ts';
import type { StatAnnouncement } from '../core/stats/announcement.ts';
import type { DrainSettings } from './drain-decision.ts';
import type { ConfigurationMessage, ConfigureOutcome, FromWorker, ToWorker, WorkerSetup } from './messages.ts';
import type { Worker, WorkerFailure } from './worker.ts';

export interface ThreadWorkerOwner {
  onStatistics(index: number, announcement: StatAnnouncement): void;
  /** The thread has ended on its own; what it was doing is lost. Exactly once, and not after `close`. */
  onWorkerFailed(failure: WorkerFailure): void;
}

/** A worker in a thread of its own. */
export class ThreadWorker implements Worker {
  readonly index: number;
  readonly #thread: NodeWorker;
  readonly #owner: ThreadWorkerOwner;
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (reason: Error) => void }>();
  #requests = 0;
  #closing = false;
  #failed = false;

  constructor(setup: WorkerSetup, owner: ThreadWorkerOwner) {
    this.index = setup.index;
    this.#owner = owner;
    this.#thread = new NodeWorker(workerEntry(), { workerData: setup, name: `wrk:worker_${setup.index}` });
    this.#thread.on('message', (message: FromWorker) => this.#onMessage(message));
    this.#thread.on('error', (error) => this.#onEnded(error.stack ?? error.message));
    this.#thread.on('exit', (code) => this.#onEnded(`exited with code ${code}`));
  }

  configure(configuration: ConfigurationMessage): Promise<ConfigureOutcome> {
    const bootstrap = toBinary(schemaOf('envoy.config.bootstrap.v3.Bootstrap'), configuration.bootstrap);
    return this.#ask((id) => ({ kind: 'configure', id, configuration: { ...configuration, bootstrap } }));
  }

  updateHosts(update: HostSetUpdate): void {
    this.#send({ kind: 'hosts', update });
  }

  startDrain(settings: DrainSettings): void {
    this.#send({ kind: 'drain', settings });
  }

  stopListening(): Promise<void> {
    return this.#ask((id) => ({ kind: 'stop-listening', id }));
  }

  reopenLogs(): void {
    this.#send({ kind: 'reopen-logs' });
  }

  async close(): Promise<void> {
    if (this.#failed) return;
    this.#closing = true;
    await this.#ask((id) => ({ kind: 'close', id })).catch(() => {});
    await this.#thread.terminate();
  }

  #send(message: ToWorker): void {
    if (!this.#failed) this.#thread.postMessage(message);
  }

  #ask<T>(message: (id: number) => ToWorker): Promise<T> {
    if (this.#failed) return Promise.reject(new Error(`worker ${this.index} has ended`));
    const id = ++this.#requests;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#thread.postMessage(message(id));
    });
  }

  #onMessage(message: FromWorker): void {
    switch (message.kind) {
      case 'statistics':
        this.#owner.onStatistics(this.index, message.announcement);
        return;
      case 'configured':
        this.#answer(message.id, message.outcome);
        return;
      case 'done':
        this.#answer(message.id, undefined);
    }
  }

  #answer(id: number, value: unknown): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.resolve(value as never);
  }

  #onEnded(reason: string): void {
    if (this.#failed) return;
    this.#failed = true;
    for (const { reject } of this.#waiting.values()) reject(new Error(`worker ${this.index} has ended: ${reason}`));
    this.#waiting.clear();
    if (!this.#closing) this.#owner.onWorkerFailed({ index: this.index, reason });
  }
}

/** The worker's program beside this module: a source file, or its built form. */
function workerEntry(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './worker-main.ts' : './worker-main.js', import.meta.url);
}
