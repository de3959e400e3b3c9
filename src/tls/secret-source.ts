import type { ConfigSource } from '../api/generated/envoy/config/core/v3.ts';
import { durationMs } from '../core/durations.ts';
import type { CompileContext } from '../core/extension.ts';
import { fs } from '../core/node-modules.ts';
import type { ConfigPath } from '../core/problems.ts';
import type { SecretKind } from './material.ts';

/** A file that holds a secret (`sds_config.path_config_source`). */
export interface SecretSource {
  /** Who asks for equal ones shares what is read. */
  readonly key: string;
  readonly name: string;
  readonly kind: SecretKind;
  readonly path: string;
  /** In which something is renamed when the file has changed; '' when that is the file itself. */
  readonly watchedDirectory: string;
  /** How often it is read instead of watched; 0 for watched. */
  readonly pollIntervalMs: number;
}

/** Undefined after reporting what is wrong. A file that cannot be read as a secret is no fault of the configuration; one that is not there is. */
export function compileSecretSource(message: ConfigSource, secret: Pick<SecretSource, 'name' | 'kind'>, at: ConfigPath, context: CompileContext): SecretSource | undefined {
  const { case: kind, value } = message.configSourceSpecifier;
  // Other sources are refused by the table of what is supported.
  if (kind !== 'path' && kind !== 'pathConfigSource') return undefined;
  const source = typeof value === 'string' ? { path: value } : value;
  const { path, watchedDirectory, pollInterval } = { watchedDirectory: undefined, pollInterval: undefined, ...source };
  const settings = { ...secret, path, watchedDirectory: watchedDirectory?.path ?? '', pollIntervalMs: durationMs(pollInterval) ?? 0 };
  if (!context.serving && !isThere(settings, at, context)) return undefined;
  return { ...settings, key: JSON.stringify(Object.values(settings)) };
}

function isThere({ path, watchedDirectory }: Pick<SecretSource, 'path' | 'watchedDirectory'>, at: ConfigPath, context: CompileContext): boolean {
  if (!fs.existsSync(path)) {
    context.error(at, `paths must refer to an existing path in the system: '${path}' does not exist`);
    return false;
  }
  if (watchedDirectory === '' || fs.existsSync(watchedDirectory)) return true;
  context.error(at.field('path_config_source').field('watched_directory'), `unable to add filesystem watch for file ${watchedDirectory}/: No such file or directory`);
  return false;
}
