import {
  type CommandLineOptions,
  CommandLineOptions_DrainStrategy as DrainStrategy,
  CommandLineOptions_IpVersion as IpVersion,
  CommandLineOptions_Mode as Mode,
} from '../api/generated/envoy/admin/v3.ts';
import { create } from '../api/protobuf.ts';
import { schemaOf } from '../api/registry.ts';
import type { ServerOptions } from './options.ts';

const MODES = { serve: Mode.Serve, validate: Mode.Validate, init_only: Mode.InitOnly };

/** The command line as `/server_info` shows it. */
export function commandLineMessage(options: ServerOptions): CommandLineOptions {
  return create(schemaOf('envoy.admin.v3.CommandLineOptions'), {
    baseId: BigInt(options.baseId),
    useDynamicBaseId: options.useDynamicBaseId,
    skipHotRestartOnNoParent: options.skipHotRestartOnNoParent,
    skipHotRestartParentStats: options.skipHotRestartParentStats,
    baseIdPath: options.baseIdPath,
    concurrency: options.concurrency,
    configPath: options.configPath,
    configYaml: options.configYaml,
    allowUnknownStaticFields: options.allowUnknownStaticFields,
    rejectUnknownDynamicFields: options.rejectUnknownDynamicFields,
    ignoreUnknownDynamicFields: options.ignoreUnknownDynamicFields,
    skipDeprecatedLogs: options.skipDeprecatedLogs,
    adminAddressPath: options.adminAddressPath,
    localAddressIpVersion: IpVersion[options.localAddressIpVersion],
    logLevel: options.logLevel,
    componentLogLevel: options.componentLogLevel,
    logFormat: options.logFormat,
    logFormatEscaped: options.logFormatEscaped,
    logPath: options.logPath,
    logStacktraceSingleEntry: options.logStacktraceSingleEntry,
    serviceCluster: options.serviceCluster,
    serviceNode: options.serviceNode,
    serviceZone: options.serviceZone,
    fileFlushInterval: duration(options.fileFlushIntervalMs),
    fileFlushMinSize: options.fileFlushMinSizeKb,
    drainTime: duration(options.drainTimeMs),
    drainStrategy: options.drainStrategy === 'immediate' ? DrainStrategy.Immediate : DrainStrategy.Gradual,
    parentShutdownTime: duration(options.parentShutdownTimeMs),
    mode: MODES[options.mode],
    disableHotRestart: options.disableHotRestart,
    enableMutexTracing: options.enableMutexTracing,
    restartEpoch: options.restartEpoch,
    cpusetThreads: options.cpusetThreads,
    disabledExtensions: [...options.disabledExtensions],
    socketPath: options.socketPath,
    socketMode: options.socketMode,
    enableCoreDump: options.enableCoreDump,
    statsTag: options.statsTags.map(({ name, value }) => `${name}:${value}`),
  });
}

function duration(ms: number): { seconds: bigint; nanos: number } {
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1e6 };
}
