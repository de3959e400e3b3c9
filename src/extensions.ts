import type { Extension } from './core/extension.ts';
import { fileAccessLogExtension } from './filters/access-log/file/extension.ts';
import { stderrAccessLogExtension, stdoutAccessLogExtension } from './filters/access-log/stream/extension.ts';
import { routerExtension } from './filters/http/router/extension.ts';
import { earlyHeaderMutationExtension } from './filters/network/http-connection-manager/early-header-mutation.ts';
import { httpConnectionManagerExtension } from './filters/network/http-connection-manager/extension.ts';
import { customHeaderDetectionExtension, xffDetectionExtension } from './filters/network/http-connection-manager/original-ip-detection.ts';
import { uuidRequestIdExtension } from './filters/network/http-connection-manager/request-id.ts';

/** The one list of what is built in. */
export const extensions: readonly Extension<never, unknown>[] = [
  httpConnectionManagerExtension,
  xffDetectionExtension,
  customHeaderDetectionExtension,
  earlyHeaderMutationExtension,
  uuidRequestIdExtension,
  routerExtension,
  fileAccessLogExtension,
  stdoutAccessLogExtension,
  stderrAccessLogExtension,
];
