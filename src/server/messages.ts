import type { Bootstrap } from '../api/generated/envoy/config/bootstrap/v3.ts';
import type { SharedBreakerMemory } from '../cluster/breaker-table.ts';
import type { ClusterSpec, HostSetUpdate } from '../cluster/cluster-spec.ts';
import type { NodeInfo } from '../core/extension.ts';
import type { LogLevel } from '../core/log.ts';
import type { StatAnnouncement } from '../core/stats/announcement.ts';
import type { Address } from '../transport/transport.ts';
import type { ListenerProblem } from '../listener/listener-manager.ts';
import type { DrainSettings } from './drain-decision.ts';

/** What crosses between the main thread and a worker: plain values only. */

/** Given to a worker when its thread starts. */
export interface WorkerSetup {
  readonly index: number;
  readonly transport: 'direct' | 'public';
  readonly node: NodeInfo;
  readonly logLevel: LogLevel;
  readonly breakers: SharedBreakerMemory;
  /** One count for the process. */
  readonly connectionIds: SharedArrayBuffer;
}

/** The configuration as the worker needs it: it compiles its own listeners, clusters come compiled. */
export interface ConfigurationMessage {
  /** A thread of its own gets it serialised and decodes it again. */
  readonly bootstrap: Bootstrap;
  readonly clusters: readonly ClusterSpec[];
  readonly hosts: readonly HostSetUpdate[];
  /** Ports that other threads have bound for port 0, by listener name. */
  readonly ports: ReadonlyMap<string, number>;
}

export interface SerialisedConfiguration extends Omit<ConfigurationMessage, 'bootstrap'> {
  readonly bootstrap: Uint8Array;
}

export type ToWorker =
  | { readonly kind: 'configure'; readonly id: number; readonly configuration: SerialisedConfiguration }
  | { readonly kind: 'hosts'; readonly update: HostSetUpdate }
  | { readonly kind: 'drain'; readonly settings: DrainSettings }
  | { readonly kind: 'stop-listening'; readonly id: number }
  | { readonly kind: 'reopen-logs' }
  | { readonly kind: 'close'; readonly id: number };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'statistics'; readonly announcement: StatAnnouncement }
  | { readonly kind: 'configured'; readonly id: number; readonly outcome: ConfigureOutcome }
  | { readonly kind: 'done'; readonly id: number };

export interface ConfigureOutcome {
  readonly problems: readonly ListenerProblem[];
  readonly addresses: readonly { readonly name: string; readonly address: Address }[];
}
