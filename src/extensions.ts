import type { Extension } from './core/extension.ts';
import { fileAccessLogExtension } from './filters/access-log/file/extension.ts';
import { stderrAccessLogExtension, stdoutAccessLogExtension } from './filters/access-log/stream/extension.ts';
import { routerExtension } from './filters/http/router/extension.ts';
import { httpConnectionManagerExtension } from './filters/network/http-connection-manager/extension.ts';

/** The one list of what is built in. */
export const extensions: readonly Extension<never, unknown>[] = [
  httpConnectionManagerExtension,
  routerExtension,
  fileAccessLogExtension,
  stdoutAccessLogExtension,
  stderrAccessLogExtension,
];
