import type { HostSetUpdate } from '../cluster/cluster-spec.ts';
import type { DrainSettings } from './drain-decision.ts';
import type { ConfigurationMessage, ConfigureOutcome } from './messages.ts';

/** A thread that serves, as the main thread sees it: in the same thread or in its own. */
export interface Worker {
  readonly index: number;
  /** Swaps to a configuration the main thread has found good. Resolves when its listeners listen. */
  configure(configuration: ConfigurationMessage): Promise<ConfigureOutcome>;
  updateHosts(update: HostSetUpdate): void;
  startDrain(settings: DrainSettings): void;
  stopListening(): Promise<void>;
  reopenLogs(): void;
  close(): Promise<void>;
}

/** A worker has ended without being asked. */
export interface WorkerFailure {
  readonly index: number;
  readonly reason: string;
}
