import { isIP } from 'node:net';
import type { AdminAddress } from '../admin/admin-host.ts';
import type { Admin, Bootstrap } from '../api/generated/envoy/config/bootstrap/v3.ts';
import type { CompileContext } from '../core/extension.ts';
import { ConfigPath, type Problems } from '../core/problems.ts';
import { compileAccessLogs } from '../http/access-log-compile.ts';
import type { AccessLog } from '../http/access-log.ts';
import { compileDefaultFormat, openFormattedAccessLog } from '../http/formatted-access-log.ts';
import { compileNameMatcher } from './stats-settings.ts';

/** `admin`, compiled. */
export interface AdminSettings {
  readonly address: AdminAddress;
  /** Of a Unix socket; 0: as the process's umask has it. */
  readonly socketMode: number;
  readonly allowsPath?: ((path: string) => boolean) | undefined;
}

const ADMIN = ConfigPath.root.field('admin');

export function compileAdminSettings({ admin: message }: Bootstrap, problems: Problems): AdminSettings | undefined {
  const address = message?.address?.address;
  if (message === undefined || address?.case === undefined) return undefined;
  const matchers = message.allowPaths.map((matcher, index) => compileNameMatcher(matcher, ADMIN.field('allow_paths').index(index), problems));
  const allowsPath = matchers.length === 0 ? undefined : (path: string) => matchers.some((matches) => matches(path));
  switch (address.case) {
    case 'pipe': {
      const { path, mode } = address.value;
      return { address: { kind: 'pipe', host: path, port: 0, text: path }, socketMode: mode, allowsPath };
    }
    case 'socketAddress': {
      const { address: host, portSpecifier } = address.value;
      if (isIP(host) === 0) {
        problems.error(ADMIN.field('address').field('socket_address').field('address'), `malformed IP address: ${host}`);
        return undefined;
      }
      if (portSpecifier.case === 'portValue') {
        const port = portSpecifier.value;
        return { address: { kind: 'ip', host, port, text: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}` }, socketMode: 0, allowsPath };
      }
      problems.error(ADMIN.field('address').field('socket_address'), 'the admin interface needs a port_value');
      return undefined;
    }
    default:
      problems.error(ADMIN.field('address'), 'the admin interface needs a socket_address or a pipe');
      return undefined;
  }
}

/** `admin.access_log`, and `admin.access_log_path` of old. */
export function compileAdminAccessLogs({ accessLog, accessLogPath }: Admin, context: CompileContext): AccessLog[] {
  const logs = compileAccessLogs(accessLog, ADMIN.field('access_log'), context);
  if (accessLogPath === '') return logs;
  const at = ADMIN.field('access_log_path');
  const log = openFormattedAccessLog(compileDefaultFormat(at, context), accessLogPath, at, context);
  return log === undefined ? logs : [...logs, log];
}
