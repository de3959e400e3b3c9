import type { HostSetUpdate } from '../cluster/cluster-spec.ts';
import type { OverloadMessage } from '../core/overload.ts';
import type { RuntimeValue } from '../core/runtime.ts';
import type { DrainSettings } from '../listener/drain-manager.ts';
import type { ListenerUpdate } from './listener-changes.ts';
import type { ClustersMessage, ListenersOutcome, TlsMaterialMessage } from './messages.ts';

/** A thread that serves, as the main thread sees it: in the same thread or in its own. What is asked of it happens in that order. */
export interface Worker {
  readonly index: number;
  /** Comes before clusters and listeners that need it. */
  updateTls(message: TlsMaterialMessage): void;
  /** One of those that `updateTls` told, or a new one. */
  updateSecret(key: string, secret: Uint8Array): void;
  /** Replaces the clusters as a whole. */
  updateClusters(message: ClustersMessage): void;
  updateHosts(update: HostSetUpdate): void;
  /** Swaps to listeners that the main thread has found good. Resolves when the new ones listen. `ports`: what stands for port 0. */
  updateListeners(listeners: readonly ListenerUpdate[], ports: ReadonlyMap<string, number>): Promise<ListenersOutcome>;
  updateRuntime(values: ReadonlyMap<string, RuntimeValue>): void;
  updateOverload(message: OverloadMessage): void;
  /** Undefined ends the drain. */
  drain(settings: DrainSettings | undefined): void;
  stopListening(inboundOnly: boolean): Promise<void>;
  countConnections(): Promise<number>;
  /** Share of the time since the last call in which the event loop was busy. */
  eventLoopUtilization(): number;
  reopenLogs(): void;
  close(): Promise<void>;
}

/** A worker has ended without being asked. */
export interface WorkerFailure {
  readonly index: number;
  readonly reason: string;
}
