import type { AdminHost } from './admin-host.ts';
import { COMMANDS, type Command, commandsText } from './commands.ts';
import { type AdminHandler, type AdminResponse, bare, text } from './handler.ts';
import { createHandlers } from './handlers.ts';
import { normalizePath, parseParams } from './request-path.ts';

export interface DispatchOptions {
  readonly host: AdminHost;
  /** `admin.allow_paths`: absent, every path is allowed. Told the path with its query. */
  readonly allowsPath?: ((path: string) => boolean) | undefined;
}

/** Finds the command of a request and runs it. */
export class Dispatch {
  readonly #host: AdminHost;
  readonly #allowsPath: (path: string) => boolean;
  readonly #handlers: ReadonlyMap<string, AdminHandler> = new Map(Object.entries(createHandlers()));
  readonly #mutating = new Set((COMMANDS as readonly Command[]).filter(({ mutates }) => mutates).map(({ path }) => path));

  constructor({ host, allowsPath }: DispatchOptions) {
    this.#host = host;
    this.#allowsPath = allowsPath ?? (() => true);
  }

  /** `form`: the body, when it is a form. */
  answer(method: string, target: string, form: string, accept = ''): AdminResponse | Promise<AdminResponse> {
    const normalized = normalizePath(target);
    if (typeof normalized === 'number') return bare(normalized);
    const { path, query } = normalized;
    const whole = query === '' ? path : `${path}?${query}`;
    if (!this.#allowsPath(whole)) return text(`request to path ${whole} not allowed`, 403);
    const handler = this.#handlers.get(path);
    if (handler === undefined) return text(`invalid path. admin commands are:\n${commandsText()}`, 404);
    if (method !== 'POST' && this.#mutating.has(path)) return text(`Method ${method} not allowed, POST required.`, 405);
    const ofQuery = parseParams(query);
    return handler({ method, path, query: ofQuery, params: ofQuery.size > 0 ? ofQuery : parseParams(form), accept }, this.#host);
  }
}
