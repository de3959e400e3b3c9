import { fs } from '../core/node-modules.ts';
import { systemClock } from '../core/clock.ts';
import { writeTextFile } from '../core/local-file.ts';
import type { Logger } from '../core/log.ts';
import { Timers } from '../core/timers.ts';
import type { AdminOptions } from './admin-host.ts';
import { commandLineMessage } from './command-line-message.ts';
import { ConfigurationError } from './configuration-error.ts';
import { type FileWatch, watchFiles } from './file-watch.ts';
import { inlineMore } from './inlining.ts';
import type { ServerOptions } from './options.ts';
import { createProcessLog } from './process-log.ts';
import { Proxy, type ProxyOptions } from './proxy.ts';
import type { ProxyLog } from './proxy-log.ts';
import { BUILD } from './version.ts';

/** How often a draining process looks whether its last connection has ended. */
const DRAIN_POLL_MS = 100;

/** What is left when the process has to end after a throw is written by then, or lost. */
const CRASH_LIMIT_MS = 1_000;

const ENDING_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Where the process speaks beside its log. */
export interface Streams {
  out(text: string): void;
  error(text: string): void;
}

/** Runs what the command line asks for. Resolves with the exit code. */
export async function runServer(options: ServerOptions, streams: Streams): Promise<number> {
  // Who only judges a configuration opens no file.
  const log = createProcessLog(options.mode === 'validate' ? { ...options, logPath: '' } : options);
  if (typeof log === 'string') {
    streams.error(`${log}\n`);
    return 1;
  }
  for (const warning of options.warnings) log.logger.component('config').warning(warning);
  const proxyOptions = proxyOptionsOf(options, log);
  if (options.mode === 'validate') return validate(options, proxyOptions, log.logger, streams);
  log.logger.info(`nuncio ${BUILD}, node ${process.versions.node}, ${options.concurrency} worker${options.concurrency === 1 ? '' : 's'}`);
  return await new ServerProcess(options, proxyOptions, log, streams).run();
}

function validate(options: ServerOptions, proxyOptions: ProxyOptions, log: Logger, streams: Streams): number {
  try {
    Proxy.validate(proxyOptions);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    reportStartError(error, options, log, streams);
    return 1;
  }
  streams.out(`configuration '${options.configPath}' OK\n`);
  return 0;
}

function proxyOptionsOf(options: ServerOptions, log: ProxyLog): ProxyOptions {
  return {
    path: options.configPath,
    yaml: options.configYaml,
    unknownFieldPolicy: options.allowUnknownStaticFields ? 'warn' : 'error',
    skipDeprecatedLogs: options.skipDeprecatedLogs,
    transport: options.transport,
    concurrency: options.concurrency,
    log,
    node: { id: options.serviceNode, cluster: options.serviceCluster, zone: options.serviceZone, ipVersion: options.localAddressIpVersion },
    statsTags: options.statsTags,
    disabledExtensions: options.disabledExtensions,
    drain: { timeMs: options.drainTimeMs, strategy: options.drainStrategy },
    files: { flushIntervalMs: options.fileFlushIntervalMs, flushMinSizeBytes: options.fileFlushMinSizeKb * 1024 },
  };
}

/** Each problem on a line of its own, so that an editor can jump to it. */
function reportStartError(error: Error, options: ServerOptions, log: Logger, streams: Streams): void {
  const { message } = error;
  reportToAll(`error initializing configuration '${options.configPath}': ${message.includes('\n') ? `\n${message}` : message}`, options, log, streams);
}

/** Whoever has started the process sees it, wherever the log goes. */
function reportToAll(text: string, { logPath, mode }: ServerOptions, log: Logger, streams: Streams): void {
  log.critical(text);
  if ((logPath !== '' && mode !== 'validate') || !log.enabled('critical')) streams.error(`${text}\n`);
}

/** A process that serves: signals, reloads, and how it ends. */
class ServerProcess {
  readonly #options: ServerOptions;
  readonly #proxyOptions: ProxyOptions;
  readonly #log: Logger;
  readonly #streams: Streams;
  readonly #timers = new Timers(systemClock);
  readonly #ended: Promise<number>;
  #end!: (code: number) => void;
  #proxy: Proxy | undefined;
  #watch: FileWatch | undefined;
  #draining = false;
  #crashing = false;
  /** What asked for a reload while the server was starting. */
  #awaitedReload: string | undefined;

  constructor(options: ServerOptions, proxyOptions: ProxyOptions, log: ProxyLog, streams: Streams) {
    this.#options = options;
    this.#proxyOptions = proxyOptions;
    this.#log = log.logger;
    this.#streams = streams;
    this.#ended = new Promise((resolve) => (this.#end = resolve));
  }

  async run(): Promise<number> {
    this.#listenToSignals();
    this.#watchConfiguration();
    try {
      this.#proxy = await Proxy.start({ ...this.#proxyOptions, admin: this.#adminOptions() });
    } catch (error) {
      reportStartError(error as Error, this.#options, this.#log, this.#streams);
      this.#watch?.close();
      this.#timers.close();
      return 1;
    }
    const proxy = this.#proxy;
    for (const { name, address } of proxy.addresses()) this.#log.component('config').info(`listener '${name}' on ${address.text}`);
    this.#log.info('all clusters initialized, listeners serve');
    this.#writeBaseId();
    inlineMore();
    if (this.#options.mode === 'init_only') this.#end(0);
    else if (this.#awaitedReload !== undefined) this.#reload(this.#awaitedReload);
    const code = await this.#ended;
    // A second signal ends the process as it is: an access log may wait for a pipe that nobody reads.
    for (const signal of ENDING_SIGNALS) process.removeAllListeners(signal);
    this.#log.info('exiting');
    this.#watch?.close();
    this.#timers.close();
    await proxy.close();
    return code;
  }

  #writeBaseId(): void {
    const { baseId, baseIdPath } = this.#options;
    if (baseIdPath !== '' && !writeTextFile(baseIdPath, String(baseId))) this.#log.critical(`cannot open base id output file ${baseIdPath} for writing.`);
  }

  /** From before the file is read: what changes while the server starts is read once it has. */
  #watchConfiguration(): void {
    const { watch, mode, configPath } = this.#options;
    if (!watch || mode === 'init_only' || !fs.existsSync(configPath)) return;
    this.#watch = watchFiles([configPath], { timers: this.#timers, log: this.#log.component('config'), onChange: () => this.#reload('file changed') });
  }

  #adminOptions(): AdminOptions {
    const { adminAddressPath, drainTimeMs, drainStrategy } = this.#options;
    const drain = { timeMs: drainTimeMs, strategy: drainStrategy };
    return { commandLine: commandLineMessage(this.#options), drain, addressPath: adminAddressPath, onQuit: () => this.#quit() };
  }

  #quit(): void {
    // Asked for while clusters are still being resolved: there is nothing to wait for.
    if (this.#proxy === undefined) process.exit(0);
    this.#end(0);
  }

  #listenToSignals(): void {
    for (const signal of ENDING_SIGNALS) process.on(signal, () => this.#terminate(signal));
    process.on('SIGHUP', () => this.#reload('caught SIGHUP'));
    process.on('SIGUSR1', () => {
      this.#log.info('caught SIGUSR1. Reopening access logs.');
      this.#proxy?.reopenLogs();
    });
    for (const event of ['uncaughtException', 'unhandledRejection'] as const) process.on(event, (error) => this.#crash(error));
  }

  /**
   * After a throw nobody expected, nothing is certain any more: the process ends and its supervisor starts another. What is recorded and not yet
   * written is written before, by this thread at once, by the workers as they close.
   */
  #crash(error: unknown): void {
    reportToAll(`uncaught: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, this.#options, this.#log, this.#streams);
    if (this.#crashing) return;
    this.#crashing = true;
    const exit = (): never => process.exit(1);
    this.#timers.after(CRASH_LIMIT_MS, { onTimer: exit });
    this.#proxy?.rescueAccessLogs();
    if (this.#proxy === undefined) exit();
    else this.#proxy.close().then(exit, exit);
  }

  #reload(cause: string): void {
    const proxy = this.#proxy;
    if (proxy === undefined) {
      this.#awaitedReload = cause;
      return;
    }
    this.#log.info(`${cause}: reloading the configuration`);
    // What is wrong stands in the log already.
    proxy.reload().catch(() => {});
  }

  #terminate(signal: (typeof ENDING_SIGNALS)[number]): void {
    this.#log.warning(`caught ENVOY_${signal}`);
    const { drainOnSigtermMs, mode } = this.#options;
    if (this.#proxy === undefined) process.exit(0);
    if (signal !== 'SIGTERM' || drainOnSigtermMs === undefined || mode !== 'serve' || this.#draining) {
      this.#end(0);
      return;
    }
    this.#draining = true;
    void this.#drain(this.#proxy, drainOnSigtermMs);
  }

  /**
   * Every answer becomes the last of its connection. New connections are still served: those who send them learn only by and by that this process
   * goes. It ends when it has no connection, or when the time is over.
   */
  async #drain(proxy: Proxy, limitMs: number): Promise<void> {
    const deadlineMs = systemClock.monotonicMs() + limitMs;
    this.#log.info(`draining for at most ${limitMs / 1000} s`);
    proxy.failHealthChecks(true, { timeMs: 0, strategy: 'immediate', endsIdle: true });
    while (systemClock.monotonicMs() < deadlineMs && (await proxy.countConnections()) > 0) {
      await new Promise<void>((resolve) => void this.#timers.after(DRAIN_POLL_MS, { onTimer: () => resolve() }));
    }
    this.#end(0);
  }
}
