import type { Clock } from './clock.ts';
import type { Logger } from './log.ts';
import type { ConfigPath } from './problems.ts';
import type { Random } from './random.ts';
import type { Runtime } from './runtime.ts';
import type { StatStore } from './stats/stats.ts';
import type { Timers } from './timers.ts';

/**
 * Extension points. An extension is keyed by the type URL of its configuration; `compile` runs alike on the main thread
 * (to validate, for `--mode validate` and for xDS answers) and on each worker (to serve), so it opens nothing and arms nothing.
 */

/** Envoy's category names (`envoy.filters.http`), as `/server_info` and support tables list them. */
export type Category =
  | 'envoy.filters.network'
  | 'envoy.filters.http'
  | 'envoy.filters.http.upstream'
  | 'envoy.filters.listener'
  | 'envoy.access_loggers'
  | 'envoy.access_loggers.extension_filters'
  | 'envoy.compression.compressor'
  | 'envoy.compression.decompressor'
  | 'envoy.load_balancing_policies'
  | 'envoy.transport_sockets.downstream'
  | 'envoy.transport_sockets.upstream'
  | 'envoy.clusters'
  | 'envoy.upstream_options'
  | 'envoy.rate_limit_descriptors'
  | 'envoy.request_id'
  | 'envoy.http.original_ip_detection'
  | 'envoy.http.early_header_mutation'
  | 'envoy.formatter'
  | 'envoy.matching.http.input'
  | 'envoy.matching.network.input'
  | 'envoy.matching.common_inputs'
  | 'envoy.matching.input_matchers'
  | 'envoy.matching.http.custom_matchers'
  | 'envoy.matching.network.custom_matchers'
  | 'envoy.matching.action'
  | 'envoy.http.forward_client_cert_details'
  | 'envoy.path.match'
  | 'envoy.rbac.matchers'
  | 'envoy.rbac.principals';

export interface Extension<Config = unknown, Runtime = unknown> {
  /** Envoy's well-known name (`envoy.filters.http.router`). */
  readonly name: string;
  readonly category: Category;
  /** Full proto name of the configuration (`envoy.extensions.filters.http.router.v3.Router`). */
  readonly configType: string;
  /** Ends its chain (the router, the connection manager). */
  readonly terminal?: boolean;
  /** Full proto name of the per-route configuration, where there is one. */
  readonly routeConfigType?: string | undefined;
  /** Cannot fail on a validated config except by adding errors; what it returns is used only when there were none. */
  compile(config: Config, at: ConfigPath, context: CompileContext): Runtime;
  compileRoute?(config: never, at: ConfigPath, context: CompileContext): unknown;
}

/** What a compile step may ask of the outside. */
export interface CompileContext {
  error(at: ConfigPath, message: string): void;
  warning(at: ConfigPath, message: string): void;
  /**
   * The extension that handles an Any (`typed_config`) and its decoded configuration; reports Envoy's sentence and returns
   * undefined when there is none (silently where it is `optional`). `name` is the name given beside the Any, for the message.
   */
  resolve(category: Category, name: string, typedConfig: AnyMessage | undefined, at: ConfigPath, optional: boolean): ResolvedExtension | undefined;
  /**
   * The same for a per-route configuration, which the extension's `routeConfigType` names; one of its `configType` finds it as well. `at` is
   * the entry itself.
   */
  resolveRouteConfig(category: Category, name: string, config: AnyMessage, at: ConfigPath, optional: boolean): ResolvedExtension | undefined;
  /** The decoded message inside an Any of a known type, or undefined after reporting. */
  unpack(typedConfig: AnyMessage, at: ConfigPath): { readonly typeName: string; readonly message: unknown } | undefined;
  /** Records that this resource needs a cluster; reported when it does not exist and `mustExist`. */
  needsCluster(name: string, at: ConfigPath, mustExist: boolean): void;
  readonly stats: StatStore;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly runtime: Runtime;
  readonly log: Logger;
  /** Values of the bootstrap's node and the command line that extensions print. */
  readonly node: NodeInfo;
  /** True when the result will serve; false on the main thread and in validate mode. */
  readonly serving: boolean;
  /** Process-wide services that the composition root offers, by key (access log files, clusters). */
  service<T>(key: ServiceKey<T>): T;
  /** The same context in which `key` stands for `value`: how a listener tells its filters what they belong to. */
  with<T>(key: ServiceKey<T>, value: T): CompileContext;
  /** The same context with other statistics: those of a part that ends before the rest. */
  withStats(stats: StatStore): CompileContext;
}

export interface AnyMessage {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

export interface ResolvedExtension {
  readonly extension: Extension<never, unknown>;
  readonly config: never;
}

export interface NodeInfo {
  readonly id: string;
  readonly cluster: string;
  readonly zone: string;
  readonly region?: string;
  readonly subZone?: string;
  /** Free-form facts that the bootstrap tells. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** The cluster that this proxy is one of (`cluster_manager.local_cluster_name`); absent or empty: none is named. */
  readonly localCluster?: string;
  /** An address of this machine that is not on the loopback (`--local-address-ip-version`). */
  readonly localAddress: string;
}

/** A typed name for something the composition root provides. */
export interface ServiceKey<T> {
  readonly name: string;
  /** Where nobody has said what it stands for. */
  readonly otherwise?: T | undefined;
}

export function serviceKey<T>(name: string, otherwise?: T): ServiceKey<T> {
  return { name, otherwise };
}
