import type { Bootstrap } from '../api/generated/envoy/config/bootstrap/v3.ts';
import type { Listener as ListenerMessage } from '../api/generated/envoy/config/listener/v3.ts';
import type { Secret } from '../api/generated/envoy/extensions/transport_sockets/tls/v3.ts';
import { MessageIdentity } from '../api/message-identity.ts';
import { schemaOf } from '../api/registry.ts';
import type { ClusterSpec } from '../cluster/cluster-spec.ts';
import { compileDefaultResolver, DEFAULT_RESOLVER } from '../cluster/compile/compile-dns.ts';
import { type BootstrapOptions, loadBootstrap } from '../config/loader.ts';
import { checkSupport } from '../config/support-walk.ts';
import type { Clock } from '../core/clock.ts';
import type { NodeInfo, ServiceKey } from '../core/extension.ts';
import type { Logger } from '../core/log.ts';
import { ConfigPath, type Problem, Problems } from '../core/problems.ts';
import { noOverload, OVERLOAD } from '../core/overload.ts';
import { LocalProcessCounts, PROCESS_COUNTS } from '../core/process-counts.ts';
import { systemProcess } from '../core/process-facts.ts';
import type { Random } from '../core/random.ts';
import type { Runtime } from '../core/runtime.ts';
import type { Tag } from '../core/stats/tags.ts';
import { uncountedStats } from '../core/stats/uncounted-stats.ts';
import type { Timers } from '../core/timers.ts';
import { ACCESS_LOG_FILES, AccessLogFileProbe } from '../http/access-log-files.ts';
import { PROCESS } from '../http/format/environment.ts';
import { CLUSTERS, HEALTH } from '../http/http-services.ts';
import type { ListenerSpec } from '../listener/compile.ts';
import { type AdminSettings, compileAdminAccessLogs, compileAdminSettings } from './admin-settings.ts';
import { CompileRun, type ThreadServices } from './compile-context.ts';
import { compileClusters, compileListeners } from './configuration.ts';
import { ConfigurationError } from './configuration-error.ts';
import type { ExtensionRegistry } from './extension-registry.ts';
import { compileRuntimeLayers, type RuntimeLayer } from './layered-runtime.ts';
import type { LogFormatSpec } from './log-format.ts';
import type { JudgedListener } from './listener-changes.ts';
import { checkLocalCluster } from './local-cluster.ts';
import { type NodeOverrides, nodeInfoOf } from './node-info.ts';
import { checkStaticSecrets, ThreadTlsMaterial, TLS_MATERIAL } from '../tls/material.ts';
import { type JudgedTls, tlsMaterialOf } from './tls-material.ts';
import { compileOverloadManager, type OverloadSpec } from './overload/compile.ts';
import { compileStatsSettings, type StatsSettings } from './stats-settings.ts';
import { supportTable } from './support-tables.ts';
import { toldProblems } from './told-problems.ts';
import { compileWatchdogs, type Watchdogs } from './watchdog.ts';

/** A bootstrap without a problem and what the main thread made of it. */
export interface Judged {
  readonly bootstrap: Bootstrap;
  readonly listeners: readonly JudgedListener[];
  readonly clusters: readonly ClusterSpec[];
  readonly tls: JudgedTls;
  readonly runtimeLayers: readonly RuntimeLayer[];
  readonly stats: StatsSettings;
  readonly admin: AdminSettings | undefined;
  readonly watchdogs: Watchdogs;
  readonly overload: OverloadSpec | undefined;
  /** Undefined: the command line's. */
  readonly logFormat: LogFormatSpec | undefined;
  readonly node: NodeInfo;
  readonly warnings: readonly Problem[];
  readonly unknownFields: number;
  readonly deprecatedUses: number;
}

export interface JudgeOptions {
  readonly registry: ExtensionRegistry;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** What the layers of a configuration come down to on the threads that would serve it. */
  readonly runtimeOf: (layers: readonly RuntimeLayer[]) => Runtime;
  /** Those that have come from elsewhere than a bootstrap, by the key of their source. */
  readonly sourcedSecrets: () => ReadonlyMap<string, Secret>;
  readonly log: Logger;
  readonly nodeOverrides: NodeOverrides;
  readonly statsTags: readonly Tag[];
  /** `--log-format` was given. */
  readonly hasLogFormat: boolean;
}

/** Reads and compiles configurations without serving them. */
export class ConfigurationJudge {
  readonly #options: JudgeOptions;

  constructor(options: JudgeOptions) {
    this.#options = options;
  }

  /** Throws a ConfigurationError that lists every problem of every stage that could be reached. */
  judge(source: BootstrapOptions): Judged {
    const { message: bootstrap, problems, unknownFields, deprecatedUses } = loadBootstrap(source);
    const reading = new Set(problems.errors);
    if (bootstrap === undefined) throw new ConfigurationError(toldProblems(problems.errors, reading), problems.omitted);
    const judged = this.#judgeMessage(bootstrap, problems);
    if (judged === undefined || !problems.ok) {
      problems.sortByPlace();
      throw new ConfigurationError(toldProblems(problems.errors, reading), problems.omitted);
    }
    return { ...judged, bootstrap, unknownFields, deprecatedUses, warnings: problems.warnings };
  }

  /** Reads again what the TLS contexts of a running configuration are made from. */
  renewTls({ bootstrap, node }: Judged): { readonly problems: Problems; readonly tls: JudgedTls } {
    const problems = new Problems();
    return { problems, tls: this.#compile(bootstrap, node, problems).tls };
  }

  /** All stages look, also at what an earlier one has found wrong, so that a person sees everything at once. */
  #judgeMessage(bootstrap: Bootstrap, problems: Problems) {
    const good = problems.ok;
    try {
      checkSupport(schemaOf('envoy.config.bootstrap.v3.Bootstrap'), bootstrap, supportTable(), problems);
      const node = { ...nodeInfoOf(bootstrap.node, this.#options.nodeOverrides), localCluster: bootstrap.clusterManager?.localClusterName ?? '' };
      return { ...this.#compile(bootstrap, node, problems), node };
    } catch (error) {
      // Compiling may rely on the rules that this message breaks. What was found until here stands.
      if (good) throw error;
      return undefined;
    }
  }

  #compile(bootstrap: Bootstrap, node: NodeInfo, problems: Problems) {
    const runtimeLayers = compileRuntimeLayers(bootstrap.layeredRuntime, problems);
    const thread = this.#threadServices(node, this.#options.runtimeOf(runtimeLayers));
    const { listeners: listenerMessages = [], clusters: clusterMessages = [] } = bootstrap.staticResources ?? {};
    const secrets = bootstrap.staticResources?.secrets ?? [];
    checkStaticSecrets(secrets, ConfigPath.root.field('static_resources').field('secrets'), problems);
    const tls = new ThreadTlsMaterial(secrets, NO_TICKET_SECRET, this.#options.sourcedSecrets());
    const services = new Map([...JUDGING_SERVICES, [TLS_MATERIAL, tls] as const]);
    services.set(DEFAULT_RESOLVER, compileDefaultResolver(bootstrap, ConfigPath.root, new CompileRun(thread, problems, new Set(), services)));
    const clusters = compileClusters(clusterMessages, problems, thread, services);
    checkLocalCluster(node.localCluster ?? '', clusters, clusterMessages, problems);
    const surroundings = { thread, clusters: new Set(clusterMessages.map(({ name }) => name)), services };
    const specs = compileListeners(listenerMessages.map((message) => ({ message })), problems, surroundings);
    if (bootstrap.admin !== undefined) compileAdminAccessLogs(bootstrap.admin, new CompileRun(thread, problems, surroundings.clusters, services));
    return {
      clusters,
      tls: tlsMaterialOf(bootstrap, tls),
      listeners: specs.map((spec, index) => judgedListener(spec, listenerMessages[index]!)),
      runtimeLayers,
      stats: compileStatsSettings(bootstrap, this.#options.statsTags, problems),
      admin: compileAdminSettings(bootstrap, problems),
      watchdogs: compileWatchdogs(bootstrap, problems),
      overload: compileOverloadManager(bootstrap.overloadManager, ConfigPath.root.field('overload_manager'), problems),
      logFormat: this.#logFormatOf(bootstrap, problems),
    };
  }

  /** What compiling creates is thrown away: only workers serve. */
  #threadServices(node: NodeInfo, runtime: Runtime): ThreadServices {
    const { registry, clock, timers, random, log } = this.#options;
    return { registry, stats: uncountedStats, clock, timers, random, runtime, log, node, serving: false };
  }

  #logFormatOf({ applicationLogConfig }: Bootstrap, problems: Problems): LogFormatSpec | undefined {
    const format = applicationLogConfig?.logFormat?.logFormat;
    if (format?.case === undefined) return undefined;
    const at = ConfigPath.root.field('application_log_config').field('log_format');
    if (this.#options.hasLogFormat) {
      problems.error(at, 'Only one of ApplicationLogConfig.log_format or CLI option --log-format can be specified.');
    }
    if (format.case === 'textFormat') return { kind: 'pattern', pattern: format.value, escaped: false };
    const fields = format.value as Readonly<Record<string, unknown>>;
    for (const flag of ['%v', '%_']) {
      if (JSON.stringify(fields).includes(flag)) problems.error(at.field('json_format'), `setJsonLogFormat error: INVALID_ARGUMENT: Usage of ${flag} is unavailable for JSON log formats`);
    }
    return { kind: 'json', fields };
  }
}

const NO_TICKET_SECRET = new Uint8Array(32);

const JUDGING_SERVICES = new Map<ServiceKey<unknown>, unknown>([
  [CLUSTERS, { get: () => undefined }],
  [HEALTH, { failed: false }],
  [ACCESS_LOG_FILES, new AccessLogFileProbe()],
  [PROCESS, systemProcess],
  [PROCESS_COUNTS, new LocalProcessCounts()],
  [OVERLOAD, noOverload],
]);

function judgedListener({ name, fileDigest }: ListenerSpec, message: ListenerMessage): JudgedListener {
  return { name, message, identity: new MessageIdentity(schemaOf('envoy.config.listener.v3.Listener'), message, fileDigest) };
}
