import type { LogLevel } from '../core/log.ts';
import type { Tag } from '../core/stats/tags.ts';
import type { TransportChoice } from '../transport/select-transport.ts';
import type { DrainStrategy } from '../listener/drain-manager.ts';
import { FLAGS, type Flag } from './flags.ts';
import { componentIndex, parseLogLevel } from './log-components.ts';
import { DEFAULT_LOG_FORMAT } from './log-format.ts';
import { flagId, helpText, parseErrorText, versionText } from './usage.ts';

export type Mode = 'serve' | 'validate' | 'init_only';

/** What the command line says, with Envoy's defaults. */
export interface ServerOptions {
  readonly configPath: string;
  readonly configYaml: string;
  readonly mode: Mode;
  readonly concurrency: number;
  readonly transport: TransportChoice;
  readonly watch: boolean;
  readonly allowUnknownStaticFields: boolean;
  readonly rejectUnknownDynamicFields: boolean;
  readonly ignoreUnknownDynamicFields: boolean;
  readonly skipDeprecatedLogs: boolean;
  readonly disabledExtensions: readonly string[];
  readonly serviceCluster: string;
  readonly serviceNode: string;
  readonly serviceZone: string;
  readonly localAddressIpVersion: 'v4' | 'v6';
  readonly adminAddressPath: string;
  readonly logLevel: LogLevel;
  /** As given. */
  readonly componentLogLevel: string;
  readonly componentLogLevels: readonly (readonly [name: string, level: LogLevel])[];
  readonly logPath: string;
  readonly logFormat: string;
  readonly logFormatEscaped: boolean;
  readonly logStacktraceSingleEntry: boolean;
  readonly fileFlushIntervalMs: number;
  readonly fileFlushMinSizeKb: number;
  readonly statsTags: readonly Tag[];
  readonly drainTimeMs: number;
  readonly drainStrategy: DrainStrategy;
  /** Undefined: SIGTERM does not drain. */
  readonly drainOnSigtermMs: number | undefined;
  readonly parentShutdownTimeMs: number;
  readonly baseId: number;
  readonly baseIdPath: string;
  readonly useDynamicBaseId: boolean;
  readonly restartEpoch: number;
  readonly disableHotRestart: boolean;
  readonly skipHotRestartOnNoParent: boolean;
  readonly skipHotRestartParentStats: boolean;
  readonly socketPath: string;
  readonly socketMode: number;
  readonly cpusetThreads: boolean;
  readonly enableMutexTracing: boolean;
  readonly enableCoreDump: boolean;
  /** What was asked for and has no effect or is deprecated, for the log. */
  readonly warnings: readonly string[];
}

export type CommandLine =
  | { readonly kind: 'run'; readonly options: ServerOptions }
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'error'; readonly text: string };

/** A mistake on the command line. */
class UsageError {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Reads a command line as Envoy does: `--name value`, each flag once, names in full. */
export function parseCommandLine(args: readonly string[], defaultConcurrency: number): CommandLine {
  try {
    const given = new GivenFlags(args);
    if (given.has('help')) return { kind: 'print', text: helpText() };
    if (given.has('version')) return { kind: 'print', text: versionText() };
    const options = readOptions(given, defaultConcurrency);
    if (given.has('hot-restart-version')) return { kind: 'print', text: 'disabled\n' };
    return { kind: 'run', options };
  } catch (error) {
    if (error instanceof UsageError) return { kind: 'error', text: error.text };
    throw error;
  }
}

/** The flags that stand on the command line, found to be known, complete and of the right kind. */
class GivenFlags {
  readonly #values = new Map<string, string[]>();

  constructor(args: readonly string[]) {
    for (let at = 0; at < args.length; at++) {
      const arg = args[at]!;
      if (arg === '--' || arg === '--ignore_rest') return;
      const flag = BY_ARGUMENT.get(arg);
      if (flag === undefined) throw new UsageError(parseErrorText(arg, "Couldn't find match for argument"));
      const before = this.#values.get(flag.name);
      if (before !== undefined && flag.kind !== 'list') throw new UsageError(parseErrorText(flagId(flag), 'Argument already set!'));
      if (flag.kind === 'switch') {
        this.#values.set(flag.name, ['']);
        // Printed at once, whatever follows.
        if (flag.name === 'help' || flag.name === 'version') return;
        continue;
      }
      const value = args[++at];
      if (value === undefined) throw new UsageError(parseErrorText(flagId(flag), 'Missing a value for this argument!'));
      if (flag.kind === 'uint32') checkUint32(flag, value);
      this.#values.set(flag.name, [...(before ?? []), value]);
    }
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string, otherwise = ''): string {
    return this.#values.get(name)?.[0] ?? otherwise;
  }

  number(name: string, otherwise: number): number {
    const text = this.#values.get(name)?.[0];
    return text === undefined ? otherwise : Number(text);
  }

  list(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  choice<T extends string>(name: string, choices: readonly [T, ...T[]], sentence: string): T {
    const text = this.text(name, choices[0]);
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw new UsageError(`error: ${sentence} '${text}'\n`);
    return found;
  }
}

const BY_ARGUMENT: ReadonlyMap<string, Flag> = new Map(
  FLAGS.flatMap((flag) => [[`--${flag.name}`, flag] as const, ...(flag.short === undefined ? [] : [[`-${flag.short}`, flag] as const])]),
);

function checkUint32(flag: Flag, value: string): void {
  if (/^\d+$/.test(value) && Number(value) <= 0xffff_ffff) return;
  throw new UsageError(parseErrorText(flagId(flag), `Couldn't read argument value from string '${value}'`));
}

function readOptions(given: GivenFlags, defaultConcurrency: number): ServerOptions {
  refuseHotRestart(given);
  return {
    ...configurationOptions(given),
    ...logOptions(given),
    ...drainOptions(given),
    ...hotRestartOptions(given),
    concurrency: Math.max(1, given.number('concurrency', defaultConcurrency)),
    transport: given.choice('transport', ['auto', 'direct', 'public'], 'unknown transport'),
    disabledExtensions: given.text('disable-extensions').split(',').filter((name) => name !== ''),
    serviceCluster: given.text('service-cluster'),
    serviceNode: given.text('service-node'),
    serviceZone: given.text('service-zone'),
    localAddressIpVersion: given.choice('local-address-ip-version', ['v4', 'v6'], 'unknown IP address version'),
    adminAddressPath: given.text('admin-address-path'),
    fileFlushIntervalMs: given.number('file-flush-interval-msec', 10_000),
    fileFlushMinSizeKb: given.number('file-flush-min-size-kb', 64),
    statsTags: given.list('stats-tag').map(parseStatsTag),
    cpusetThreads: given.has('cpuset-threads'),
    enableMutexTracing: given.has('enable-mutex-tracing'),
    enableCoreDump: given.has('enable-core-dump'),
    warnings: warningsOf(given),
  };
}

function configurationOptions(given: GivenFlags) {
  return {
    configPath: given.text('config-path'),
    configYaml: given.text('config-yaml'),
    mode: given.choice<Mode>('mode', ['serve', 'validate', 'init_only'], 'unknown mode'),
    watch: given.has('watch'),
    allowUnknownStaticFields: given.has('allow-unknown-static-fields') || given.has('allow-unknown-fields'),
    rejectUnknownDynamicFields: given.has('reject-unknown-dynamic-fields'),
    ignoreUnknownDynamicFields: given.has('ignore-unknown-dynamic-fields'),
    skipDeprecatedLogs: given.has('skip-deprecated-logs'),
  };
}

function logOptions(given: GivenFlags) {
  const componentLogLevel = given.text('component-log-level');
  return {
    logLevel: logLevelOf(given.text('log-level', 'info')),
    componentLogLevel,
    componentLogLevels: componentLogLevel === '' ? [] : componentLogLevel.split(',').map(parseComponentLevel),
    logPath: given.text('log-path'),
    logFormat: given.text('log-format', DEFAULT_LOG_FORMAT),
    logFormatEscaped: given.has('log-format-escaped'),
    logStacktraceSingleEntry: given.has('log-stacktrace-single-entry'),
  };
}

function drainOptions(given: GivenFlags) {
  const onSigterm = given.has('drain-on-sigterm') ? given.text('drain-on-sigterm') : undefined;
  if (onSigterm !== undefined && !/^\d{1,7}$/.test(onSigterm)) throw new UsageError(`error: --drain-on-sigterm takes whole seconds, not '${onSigterm}'\n`);
  return {
    drainTimeMs: given.number('drain-time-s', 600) * 1000,
    drainStrategy: given.choice<DrainStrategy>('drain-strategy', ['gradual', 'immediate'], 'unknown drain-strategy'),
    drainOnSigtermMs: onSigterm === undefined ? undefined : Number(onSigterm) * 1000,
    parentShutdownTimeMs: given.number('parent-shutdown-time-s', 900) * 1000,
  };
}

function hotRestartOptions(given: GivenFlags) {
  const socketMode = given.text('socket-mode', '0');
  if (!/^0?[0-7]{1,3}$/.test(socketMode)) throw new UsageError(`error: invalid socket-mode '${socketMode}'\n`);
  return {
    baseId: given.number('base-id', 0),
    baseIdPath: given.text('base-id-path'),
    useDynamicBaseId: given.has('use-dynamic-base-id'),
    restartEpoch: 0,
    disableHotRestart: given.has('disable-hot-restart'),
    skipHotRestartOnNoParent: given.has('skip-hot-restart-on-no-parent'),
    skipHotRestartParentStats: given.has('skip-hot-restart-parent-stats'),
    socketPath: given.text('socket-path', '@envoy_domain_socket'),
    socketMode: Number.parseInt(socketMode, 8),
  };
}

/** One process cannot take over another's sockets: reloading the configuration needs no second process. */
function refuseHotRestart(given: GivenFlags): void {
  const epoch = given.number('restart-epoch', 0);
  if (epoch > 0 && given.has('use-dynamic-base-id')) throw new UsageError(`error: cannot use --restart-epoch=${epoch} with --use-dynamic-base-id\n`);
  if (epoch > 0) throw new UsageError(`error: --restart-epoch ${epoch}: there is no hot restart; SIGHUP or --watch reload the configuration in place\n`);
  if (given.has('enable-fine-grain-logging')) throw new UsageError('error: --enable-fine-grain-logging: log levels are set by component (--component-log-level)\n');
}

function warningsOf(given: GivenFlags): string[] {
  const warnings: string[] = [];
  if (given.has('allow-unknown-fields')) warnings.push('--allow-unknown-fields is deprecated, use --allow-unknown-static-fields instead.');
  for (const name of ['enable-core-dump', 'enable-mutex-tracing']) if (given.has(name)) warnings.push(`--${name} has no effect.`);
  return warnings;
}

function logLevelOf(text: string): LogLevel {
  const level = parseLogLevel(text);
  if (level === undefined) throw new UsageError(`error: invalid log level specified '${text}'\n`);
  return level;
}

function parseComponentLevel(text: string): readonly [name: string, level: LogLevel] {
  const [name, level, ...rest] = text.split(':');
  if (name === undefined || level === undefined || rest.length > 0) throw new UsageError(`error: component log level not correctly specified '${text}'\n`);
  if (componentIndex(name) === undefined) throw new UsageError(`error: invalid component specified '${name}'\n`);
  return [name, logLevelOf(level)];
}

function parseStatsTag(text: string): Tag {
  const colon = text.indexOf(':');
  if (colon < 0) throw new UsageError(`error: misformatted stats-tag '${text}'\n`);
  const name = text.slice(0, colon);
  const value = text.slice(colon + 1);
  if (!/^[A-Za-z0-9]+$/.test(name)) throw new UsageError(`error: misformatted stats-tag '${text}' contains invalid char in '${name}'\n`);
  if (value === '' || value.includes('.')) throw new UsageError(`error: misformatted stats-tag '${text}' contains invalid char in '${value}'\n`);
  return { name, value };
}
