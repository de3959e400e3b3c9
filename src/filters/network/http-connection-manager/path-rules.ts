import {
  HttpConnectionManager_PathWithEscapedSlashesAction as SlashesAction,
  type HttpConnectionManager as ManagerMessage,
} from '../../../api/generated/envoy/extensions/filters/network/http_connection_manager/v3.ts';
import type { CompileContext } from '../../../core/extension.ts';
import type { Runtime } from '../../../core/runtime.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { canonicalPath } from './canonical-path.ts';

/** What becomes of `%2F` and `%5C` in a path. */
export type EscapedSlashes = 'keep' | 'reject' | 'redirect' | 'forward';

export type PathVerdict = 'continue' | 'reject' | 'redirect';

/**
 * `path_with_escaped_slashes_action`, `normalize_path` and `merge_slashes`, in this order. What comes out is the path that routes,
 * filters and the upstream see; the query is left alone.
 */
export class PathRules {
  readonly #escapedSlashes: EscapedSlashes;
  readonly #normalise: boolean;
  readonly #mergeSlashes: boolean;

  constructor(rules: { readonly escapedSlashes: EscapedSlashes; readonly normalise: boolean; readonly mergeSlashes: boolean }) {
    this.#escapedSlashes = rules.escapedSlashes;
    this.#normalise = rules.normalise;
    this.#mergeSlashes = rules.mergeSlashes;
  }

  /** Rewrites the path of a request. On `redirect` it is where to send the client. */
  apply(headers: HeaderMap): PathVerdict {
    const { path: whole } = headers;
    const queryAt = whole.indexOf('?');
    const before = queryAt === -1 ? whole : whole.slice(0, queryAt);
    let path = before;
    let verdict: PathVerdict = 'continue';
    if (this.#escapedSlashes !== 'keep' && path.includes('%')) {
      path = path.replace(ESCAPED_SLASH, '/').replace(ESCAPED_BACKSLASH, '\\');
      if (path.length !== before.length) {
        if (this.#escapedSlashes === 'reject') verdict = 'reject';
        else if (this.#escapedSlashes === 'redirect') verdict = 'redirect';
      }
    }
    if (this.#normalise && verdict !== 'reject') {
      const canonical = canonicalPath(path);
      if (canonical === undefined) return 'reject';
      path = canonical;
    }
    if (this.#mergeSlashes && path.includes('//')) path = path.replace(SLASHES, '/').replace(ROOT, '//');
    if (path !== before) headers.path = queryAt === -1 ? path : path + whole.slice(queryAt);
    return verdict;
  }
}

/** As Envoy: a path of slashes alone keeps its first and its last. */
const ROOT = /^\/$/;
const ESCAPED_SLASH = /%2f/gi;
const ESCAPED_BACKSLASH = /%5c/gi;
const SLASHES = /\/{2,}/g;

/** Undefined when paths stay as they come. */
export function compilePathRules(message: ManagerMessage, context: CompileContext): PathRules | undefined {
  const escapedSlashes = escapedSlashesAction(message.pathWithEscapedSlashesAction, context.runtime);
  const normalise = message.normalizePath ?? context.runtime.number('http_connection_manager.normalize_path', 0) > 0;
  const { mergeSlashes } = message;
  return escapedSlashes === 'keep' && !normalise && !mergeSlashes ? undefined : new PathRules({ escapedSlashes, normalise, mergeSlashes });
}

/** Runtime decides where the configuration leaves it open. */
function escapedSlashesAction(action: SlashesAction, runtime: Runtime): EscapedSlashes {
  if (action !== SlashesAction.IMPLEMENTATION_SPECIFIC_DEFAULT) return ESCAPED_SLASHES[action] ?? 'keep';
  return ESCAPED_SLASHES[runtime.number('http_connection_manager.path_with_escaped_slashes_action', SlashesAction.KEEP_UNCHANGED)] ?? 'keep';
}

const ESCAPED_SLASHES: Readonly<Record<number, EscapedSlashes>> = {
  [SlashesAction.KEEP_UNCHANGED]: 'keep',
  [SlashesAction.REJECT_REQUEST]: 'reject',
  [SlashesAction.UNESCAPE_AND_REDIRECT]: 'redirect',
  [SlashesAction.UNESCAPE_AND_FORWARD]: 'forward',
};
