import type { Extension } from './core/extension.ts';
import { routerExtension } from './filters/http/router/extension.ts';
import { httpConnectionManagerExtension } from './filters/network/http-connection-manager/extension.ts';

/** The one list of what is built in. */
export const extensions: readonly Extension<never, unknown>[] = [httpConnectionManagerExtension, routerExtension];
