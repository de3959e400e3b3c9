import type { Command } from '../command.ts';
import { executableBehind, findProgram, versionLine } from '../command.ts';
import { writeBootstrap } from './bootstrap-file.ts';
import type { Peer } from './peer.ts';

export const envoy: Peer = {
  name: 'envoy',
  kind: 'native',
  settings: 'one worker, default buffers (1 MiB per connection) and default statistics, access log written in blocks of 64 KiB',
  missing: () => (findProgram('envoy') === undefined ? 'envoy is not installed' : undefined),
  version: () => versionLine('envoy', ['--version']).replace(/^\S*\/envoy\s+/, 'envoy '),
  prepare: async (plan, directory) => envoyCommand(writeBootstrap(plan, directory)),
};

/** The access log is flushed every second, as nginx is told to. */
export const QUIET_AND_BATCHED: readonly string[] = ['-l', 'error', '--file-flush-interval-msec', '1000'];

/** No hot restart: its shared memory would join with other Envoys of this machine. */
export async function envoyCommand(bootstrapFile: string): Promise<Command> {
  return { file: await realEnvoy(), args: ['-c', bootstrapFile, '--concurrency', '1', '--disable-hot-restart', ...QUIET_AND_BATCHED] };
}

let found: Promise<string> | undefined;

/** Some packages put a launcher on the PATH that takes longer to start than Envoy. */
function realEnvoy(): Promise<string> {
  found ??= findRealEnvoy();
  return found;
}

function findRealEnvoy(): Promise<string> {
  return executableBehind('envoy', { file: findProgram('envoy')!, args: ['--config-yaml', '{}', '--disable-hot-restart', '-l', 'off'] });
}
