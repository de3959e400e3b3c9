import type { HeaderMap } from '../header-map.ts';
import { H } from '../header-name.ts';
import type { PathRewrite } from './path-rewrite.ts';

/** What a `RedirectAction` changes of the request's URL. '' and undefined = nothing. */
export interface RedirectUrl {
  /** `https_redirect` or `scheme_redirect`. */
  readonly scheme: string;
  readonly host: string;
  /** With its colon. */
  readonly port: string;
  /** `path_redirect`. */
  readonly path: string;
  readonly pathRewrite: PathRewrite | undefined;
  readonly stripQuery: boolean;
}

/** The URL of the request itself. */
export const SAME_URL: RedirectUrl = { scheme: '', host: '', port: '', path: '', pathRewrite: undefined, stripQuery: false };

/** The `location` of a redirect, built as Envoy builds it. */
export function redirectLocation(headers: HeaderMap, url: RedirectUrl): string {
  const scheme = url.scheme === '' ? headers.scheme : url.scheme;
  const host = url.host === '' ? requestHost(headers, scheme, url.port !== '') : url.host;
  return `${scheme}://${host}${url.port}${redirectPath(headers.path, url)}`;
}

function redirectPath(path: string, url: RedirectUrl): string {
  const ownQuery = url.path.includes('?');
  let target = url.pathRewrite?.rewrite(path, undefined) ?? path;
  if (url.path !== '') {
    const query = target.indexOf('?');
    target = ownQuery || query < 0 ? url.path : url.path + target.slice(query);
  }
  if (!target.startsWith('/')) target = `/${target}`;
  const query = url.stripQuery && !ownQuery ? target.indexOf('?') : -1;
  return query < 0 ? target : target.slice(0, query);
}

/**
 * The request's host. Its port goes when another one is set, and when it is the default port of the request's protocol while the
 * scheme changes.
 */
function requestHost(headers: HeaderMap, newScheme: string, hasNewPort: boolean): string {
  const host = headers.authority;
  const portStart = host.startsWith('[') ? host.lastIndexOf(']:') + 1 : host.lastIndexOf(':');
  if (portStart <= 0) return host;
  const port = host.slice(portStart);
  const protocol = headers.get(H.xForwardedProto) ?? headers.scheme;
  const isDefault = (protocol === 'https' && port === ':443') || (protocol === 'http' && port === ':80');
  return hasNewPort || (isDefault && newScheme !== protocol) ? host.slice(0, portStart) : host;
}
