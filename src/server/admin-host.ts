import type { AdminAddress, AdminHost, DrainRequest } from '../admin/admin-host.ts';
import { AdminServer } from '../admin/admin-server.ts';
import { AdminTraffic } from '../admin/admin-traffic.ts';
import type { CommandLineOptions } from '../api/generated/envoy/admin/v3.ts';
import type { Bootstrap } from '../api/generated/envoy/config/bootstrap/v3.ts';
import type { Node } from '../api/generated/envoy/config/core/v3.ts';
import { systemClock } from '../core/clock.ts';
import type { ServiceKey } from '../core/extension.ts';
import { writeTextFile } from '../core/local-file.ts';
import type { Logger } from '../core/log.ts';
import { Problems } from '../core/problems.ts';
import { systemProcess } from '../core/process-facts.ts';
import { PrometheusRenderer } from '../core/stats/render-prometheus.ts';
import type { ProcessMetrics } from '../core/stats/process-metrics.ts';
import { type CertificateReport, daysUntil } from '../tls/context-report.ts';
import { ACCESS_LOG_FILES, AccessLogFiles } from '../http/access-log-files.ts';
import type { AccessLog } from '../http/access-log.ts';
import { PROCESS } from '../http/format/environment.ts';
import { type AdminSettings, compileAdminAccessLogs } from './admin-settings.ts';
import { commandLineMessage } from './command-line-message.ts';
import { CompileRun, type ThreadServices } from './compile-context.ts';
import type { DrainSettings } from '../listener/drain-manager.ts';
import { endpointCounts } from './endpoint-counts.ts';
import type { FileSettings } from './messages.ts';
import { nodeMessage } from './node-message.ts';
import { parseCommandLine } from './options.ts';
import type { Proxy } from './proxy.ts';
import { BUILD } from './version.ts';

/** What the process around the proxy tells the admin interface. */
export interface AdminOptions {
  readonly commandLine: CommandLineOptions;
  readonly drain: DrainSettings;
  /** `--admin-address-path`; empty: nowhere. */
  readonly addressPath: string;
  /** `/quitquitquit` */
  onQuit(): void;
}

/** For a proxy inside of another program. */
export function libraryAdminOptions(proxy: Proxy, concurrency: number): AdminOptions {
  const command = parseCommandLine([], concurrency);
  if (command.kind !== 'run') throw new Error('an empty command line is a good one');
  const { drainTimeMs, drainStrategy } = command.options;
  const drain = { timeMs: drainTimeMs, strategy: drainStrategy };
  return { commandLine: commandLineMessage(command.options), drain, addressPath: '', onQuit: () => void proxy.close() };
}

interface AdminStart extends AdminOptions {
  readonly settings: AdminSettings;
  readonly bootstrap: Bootstrap;
  /** Histograms move on when they are read, not by time. */
  readonly flushOnRead: boolean;
  /** What the access logs are compiled with. */
  readonly thread: ThreadServices;
  readonly files: FileSettings;
}

/** The admin interface with its access logs. */
export class AdminInterface {
  readonly address: AdminAddress;
  readonly #server: AdminServer;
  readonly #files: AccessLogFiles;

  constructor(server: AdminServer, files: AccessLogFiles) {
    this.address = server.address;
    this.#server = server;
    this.#files = files;
  }

  reopenLogs(): void {
    this.#files.reopen();
  }

  /** Writes what is recorded at once. */
  rescueAccessLogs(): void {
    this.#files.rescue();
  }

  async close(): Promise<void> {
    await this.#server.close();
    await this.#files.close();
  }
}

/** Rejects when the address cannot be bound. */
export async function startAdmin(proxy: Proxy, start: AdminStart): Promise<AdminInterface> {
  const { address, socketMode, allowsPath } = start.settings;
  const { clock, node, stats, timers } = start.thread;
  const files = new AccessLogFiles({ timers, stats, ...start.files });
  const traffic = new AdminTraffic({ stats, clock, logs: accessLogs(start, files), localAddress: node.localAddress });
  const host = new ProxyAdminHost(proxy, start);
  const server = await AdminServer.start({ host, address, socketMode, allowsPath, traffic, nowMs: () => clock.wallMs() });
  const { addressPath, thread: { log } } = start;
  log.info(`admin address: ${server.address.text}`);
  if (addressPath !== '' && !writeTextFile(addressPath, server.address.text)) log.critical(`cannot open admin address output file ${addressPath} for writing.`);
  return new AdminInterface(server, files);
}

/** The configuration has been compiled without a problem before, so a problem here is a bug in this program. */
function accessLogs({ bootstrap, thread }: AdminStart, files: AccessLogFiles): AccessLog[] {
  const problems = new Problems();
  const services = new Map<ServiceKey<unknown>, unknown>([
    [ACCESS_LOG_FILES, files],
    [PROCESS, systemProcess],
  ]);
  const logs = compileAdminAccessLogs(bootstrap.admin!, new CompileRun(thread, problems, new Set(), services));
  if (!problems.ok) throw new Error(`an access log of the admin interface that was good is not any more: ${problems.errors[0]!.message}`);
  return logs;
}

/** Every answer to a health check fails, and every response ends its connection; idle connections stay. */
const FAILING: DrainSettings = { timeMs: 0, strategy: 'gradual' };

/** The process as its admin interface sees it. */
class ProxyAdminHost implements AdminHost {
  readonly version = BUILD;
  readonly stats: AdminHost['stats'];
  readonly runtime: AdminHost['runtime'];
  readonly logging: AdminHost['logging'];
  readonly log: Logger;
  readonly #proxy: Proxy;
  readonly #start: AdminStart;
  #processMetrics: ProcessMetrics | undefined;
  /** The bootstrap that was shown last, and since when it has been there. */
  #shown: { readonly bootstrap: Bootstrap; readonly loadedMs: number };

  constructor(proxy: Proxy, start: AdminStart) {
    this.#proxy = proxy;
    this.#start = start;
    this.log = start.thread.log;
    this.#shown = { bootstrap: start.bootstrap, loadedMs: systemClock.wallMs() };
    this.stats = {
      snapshot: () => proxy.stats.snapshot(),
      refresh: () => {
        proxy.refreshStats();
        if (start.flushOnRead) proxy.flushStats();
      },
      resetCounters: () => proxy.stats.resetCounters(),
      prometheus: new PrometheusRenderer(proxy.tags),
      processMetrics: () => this.#metrics(),
      endpointValues: () => endpointCounts(proxy.stats),
    };
    this.runtime = {
      layers: () => proxy.runtimeLayers(),
      modify: (changes) => proxy.modifyRuntime(changes),
    };
    const { logLevels } = proxy;
    this.logging = {
      list: () => logLevels.list(),
      setAll: (level) => logLevels.setAll(level),
      set: (name, level) => logLevels.set(name, level),
    };
  }

  state() {
    return this.#proxy.state;
  }

  uptimeMs(): number {
    return this.#proxy.uptimeMs;
  }

  node(): Node {
    const { node, registry, transport } = this.#proxy;
    return nodeMessage({ configured: this.configuration().bootstrap.node, info: node, registry, transport: transport.name });
  }

  commandLine(): CommandLineOptions {
    return this.#start.commandLine;
  }

  configuration() {
    const { bootstrap, loadedMs } = this.#proxy.configuration ?? this.#shown;
    return { bootstrap, loadedMs };
  }

  clusters() {
    return this.#proxy.discovery.snapshotForAdmin();
  }

  listeners() {
    return this.#proxy.addresses();
  }

  tlsContexts() {
    const nowMs = systemClock.wallMs();
    const dated = (certificate: CertificateReport) => ({ ...certificate, daysUntilExpiration: daysUntil(certificate.notAfterMs, nowMs) });
    return this.#proxy.tlsContexts.map(({ authorities, identities }) => ({ authorities: authorities.map(dated), identities: identities.map(dated) }));
  }

  secrets() {
    return this.#proxy.secrets;
  }

  memory() {
    const { heapUsed, heapTotal, rss } = process.memoryUsage();
    return { allocated: heapUsed, heapSize: heapTotal, physical: rss };
  }

  failHealthChecks(fail: boolean): void {
    this.#proxy.failHealthChecks(fail, FAILING);
  }

  drainListeners(request: DrainRequest): void {
    this.#proxy.drainListeners(request, this.#start.drain);
  }

  reopenLogs(): void {
    this.#proxy.reopenLogs();
  }

  quit(): void {
    this.#start.onQuit();
  }

  /** Loaded when they are first asked for. */
  async #metrics(): Promise<string> {
    if (this.#processMetrics === undefined) {
      const { ProcessMetrics: Metrics } = await import('../core/stats/process-metrics.ts');
      this.#processMetrics = new Metrics(() => this.#proxy.workers.map((worker) => ({ id: worker.index, eventLoopUtilization: () => worker.eventLoopUtilization() })));
    }
    return this.#processMetrics.text();
  }
}
