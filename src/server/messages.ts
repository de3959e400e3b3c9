import type { OverloadMessage } from '../core/overload.ts';
import type { SharedCountMemory } from '../core/process-counts.ts';
import type { ClusterSpec, HostSetUpdate } from '../cluster/cluster-spec.ts';
import type { NodeInfo } from '../core/extension.ts';
import type { RuntimeValue } from '../core/runtime.ts';
import type { StatAnnouncement } from '../core/stats/announcement.ts';
import type { Draining, ListenerProblem } from '../listener/listener-manager.ts';
import type { Address, Transport } from '../transport/transport.ts';
import type { DrainSettings } from '../listener/drain-manager.ts';
import type { ClusterChanges } from './cluster-changes.ts';
import type { LogFormatSpec } from './log-format.ts';
import type { WatchdogSettings } from './watchdog.ts';

/** What crosses between the main thread and a worker: plain values only. */

/** Given to a worker when its thread starts. */
export interface WorkerSetup {
  readonly index: number;
  readonly transport: Transport['name'];
  readonly node: NodeInfo;
  readonly log: LogSetup;
  readonly files: FileSettings;
  readonly drain: DrainSettings;
  readonly watchdog: WatchdogSettings;
  readonly disabledExtensions: readonly string[];
  readonly runtime: ReadonlyMap<string, RuntimeValue>;
  readonly counts: SharedCountMemory;
  /** Where the worker shows that it lives. */
  readonly heartbeat: SharedArrayBuffer;
  /** One count for the process. */
  readonly connectionIds: SharedArrayBuffer;
  /** Session tickets of all threads are encrypted with keys that come from this. */
  readonly ticketSecret: Uint8Array;
  /** The main thread keeps compiled code between starts. */
  readonly compileCache: boolean;
}

/** How a thread writes its part of the log. */
export interface LogSetup {
  /** Empty: standard error. */
  readonly path: string;
  readonly levels: SharedArrayBuffer;
  readonly format: LogFormatSpec;
}

/** When access log files are written. */
export interface FileSettings {
  readonly flushIntervalMs: number;
  readonly flushMinSizeBytes: number;
}

/** What TLS contexts are made from: `envoy.extensions.transport_sockets.tls.v3.Secret`s as bytes, and files by path. */
export interface TlsMaterialMessage {
  readonly secrets: readonly Uint8Array[];
  /** Those that do not stand in the bootstrap, by the key of their source. */
  readonly sourced: ReadonlyMap<string, Uint8Array>;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** The clusters as a whole; hosts of discovered ones as far as they are known. */
export interface ClustersMessage {
  readonly clusters: readonly ClusterSpec[];
  readonly hosts: readonly HostSetUpdate[];
}

export interface ListenerBytes {
  readonly name: string;
  /** An `envoy.config.listener.v3.Listener`: the worker compiles its own. Undefined: the listener stays as it runs. */
  readonly bytes: Uint8Array | undefined;
}

export type ToWorker =
  | ({ readonly kind: 'clusters' } & ClusterChanges)
  | ({ readonly kind: 'tls' } & TlsMaterialMessage)
  | { readonly kind: 'secret'; readonly key: string; readonly secret: Uint8Array }
  | { readonly kind: 'hosts'; readonly update: HostSetUpdate }
  | { readonly kind: 'listeners'; readonly id: number; readonly listeners: readonly ListenerBytes[]; readonly ports: ReadonlyMap<string, number> }
  | { readonly kind: 'overload'; readonly message: OverloadMessage }
  | { readonly kind: 'runtime'; readonly values: ReadonlyMap<string, RuntimeValue> }
  | { readonly kind: 'drain'; readonly settings: DrainSettings | undefined }
  | { readonly kind: 'stop-listening'; readonly id: number; readonly inboundOnly: boolean }
  | { readonly kind: 'count-connections'; readonly id: number }
  | { readonly kind: 'reopen-logs' }
  | { readonly kind: 'fail'; readonly reason: string }
  | { readonly kind: 'stall'; readonly gate: SharedArrayBuffer }
  | { readonly kind: 'close'; readonly id: number };

export type FromWorker =
  | { readonly kind: 'statistics'; readonly announcement: StatAnnouncement }
  | { readonly kind: 'answer'; readonly id: number; readonly value: WorkerAnswer };

export type WorkerAnswer = ListenersOutcome | number | undefined;

/** What came of an update of the listeners. */
export interface ListenersOutcome {
  readonly problems: readonly ListenerProblem[];
  readonly draining: Draining;
  readonly addresses: readonly BoundListener[];
}

export interface BoundListener {
  readonly name: string;
  readonly address: Address;
  readonly additional: readonly Address[];
}
