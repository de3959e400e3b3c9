import type { CommandLineOptions } from '../api/generated/envoy/admin/v3.ts';
import type { Bootstrap } from '../api/generated/envoy/config/bootstrap/v3.ts';
import type { Secret } from '../api/generated/envoy/extensions/transport_sockets/tls/v3.ts';
import type { Node } from '../api/generated/envoy/config/core/v3.ts';
import type { LogLevel } from '../core/log.ts';
import type { PrometheusRenderer } from '../core/stats/render-prometheus.ts';
import type { StatSnapshot } from '../core/stats/snapshot.ts';

/** What the admin interface shows of the process and may do to it. `src/server/admin-host.ts` is the real one. */
export interface AdminHost {
  readonly stats: AdminStats;
  readonly runtime: AdminRuntime;
  readonly logging: AdminLogging;
  state(): ServerState;
  /** `commit/version/state/kind/tls` */
  readonly version: string;
  uptimeMs(): number;
  /** As the bootstrap gives it, with what this program says of itself. */
  node(): Node;
  commandLine(): CommandLineOptions;
  configuration(): AdminConfiguration;
  clusters(): readonly AdminCluster[];
  listeners(): readonly AdminListener[];
  tlsContexts(): readonly AdminTlsContext[];
  /** Those that do not stand in the bootstrap. */
  secrets(): readonly AdminSecret[];
  memory(): AdminMemory;
  /** `/healthcheck/fail` and `/healthcheck/ok`. */
  failHealthChecks(fail: boolean): void;
  drainListeners(request: DrainRequest): void;
  reopenLogs(): void;
  quit(): void;
  readonly log: AdminLog;
}

export type ServerState = 'LIVE' | 'DRAINING' | 'PRE_INITIALIZING' | 'INITIALIZING';

export interface AdminLog {
  warning(message: string): void;
  error(message: string): void;
}

export interface AdminStats {
  snapshot(): StatSnapshot;
  /** Before statistics are read: brings those up to date that are computed from elsewhere. */
  refresh(): void;
  resetCounters(): void;
  readonly prometheus: PrometheusRenderer;
  /** Metrics of this process in Prometheus' text format. */
  processMetrics(): Promise<string>;
  /** What endpoints have counted, by `statPrefix`; an endpoint that has counted nothing yet is not in it. */
  endpointValues(): ReadonlyMap<string, ReadonlyMap<string, number>>;
}

export interface AdminRuntime {
  /** Lowest first; entries by key, as text. */
  layers(): readonly { readonly name: string; readonly entries: ReadonlyMap<string, { readonly text: string }> }[];
  /** Empty text removes a key. False: there is no admin layer. */
  modify(changes: ReadonlyMap<string, string>): boolean;
}

export interface AdminLogging {
  list(): readonly (readonly [name: string, level: LogLevel])[];
  setAll(level: LogLevel): void;
  /** False: no such logger. */
  set(name: string, level: LogLevel): boolean;
}

export interface AdminConfiguration {
  readonly bootstrap: Bootstrap;
  /** When it was taken, wall clock. */
  readonly loadedMs: number;
}

export interface AdminAddress {
  readonly kind: 'ip' | 'pipe';
  readonly host: string;
  readonly port: number;
  readonly text: string;
}

export interface AdminListener {
  readonly name: string;
  readonly address: AdminAddress;
  /** Of `additional_addresses`. */
  readonly additional: readonly AdminAddress[];
}

export interface AdminSecret {
  readonly name: string;
  readonly version: string;
  readonly updatedMs: number;
  /** Undefined until it has come. */
  readonly secret: Secret | undefined;
}

export interface AdminTlsContext {
  readonly authorities: readonly AdminCertificate[];
  readonly identities: readonly AdminCertificate[];
}

export interface AdminCertificate {
  /** Or `<inline>`. */
  readonly path: string;
  /** In hexadecimal. */
  readonly serial: string;
  readonly subjectAltNames: readonly { readonly kind: 'dns' | 'uri' | 'ip'; readonly value: string }[];
  readonly daysUntilExpiration: number;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface AdminBreaker {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
}

export interface AdminCluster {
  readonly name: string;
  readonly observabilityName: string;
  readonly addedViaApi: boolean;
  /** Default priority, then high. */
  readonly breakers: readonly [AdminBreaker, AdminBreaker];
  readonly hosts: readonly AdminClusterHost[];
  /** Percent. */
  readonly overprovisioningFactor: number;
}

export interface AdminClusterHost {
  readonly address: AdminAddress;
  readonly hostname: string;
  readonly healthFlagsText: string;
  readonly edsHealth: 'UNKNOWN' | 'HEALTHY' | 'UNHEALTHY' | 'DRAINING' | 'TIMEOUT' | 'DEGRADED';
  readonly weight: number;
  readonly locality: { readonly region: string; readonly zone: string; readonly subZone: string };
  readonly localityWeight: number;
  /** By namespace; there, and empty, for hosts that DNS has found. */
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
  readonly canary: boolean;
  readonly priority: number;
  /** -1: not known. */
  readonly successRate: number;
  readonly localOriginSuccessRate: number;
  readonly statPrefix: string;
}

/** In bytes. */
export interface AdminMemory {
  readonly allocated: number;
  readonly heapSize: number;
  readonly physical: number;
}

export interface DrainRequest {
  /** Stop listening only after the drain time. */
  readonly graceful: boolean;
  /** Never stop listening. */
  readonly skipExit: boolean;
  /** Only listeners whose `traffic_direction` is INBOUND. */
  readonly inboundOnly: boolean;
}
