import type { CounterId } from '../../../core/stats/stats.ts';
import type { LocalReply } from '../../../http/filter.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';
import { HTTP_STATS } from '../../../http/http-stats.ts';
import type { ConnectionManagerConfig } from './config.ts';

/** A request that the connection manager answers itself, before any filter. */
export interface Refusal {
  readonly reply: LocalReply;
  /** The connection ends with the answer. */
  readonly closes: boolean;
  /** What it counts as, where there is a counter. */
  readonly counter?: CounterId;
}

const NO_HOST = closing('missing_host_header');
const FRAGMENT: Refusal = { ...closing('path_normalization_failed'), counter: HTTP_STATS.downstream_rq_failed_path_normalization };
const QUERY_WITHOUT_TYPE = closing('query_missing_content_type');
const NO_PATH = notFound('missing_path_rejected');
const NOT_RELATIVE = notFound('absolute_path_rejected');

function closing(details: string): Refusal {
  return { reply: { status: 400, body: '', details }, closes: true };
}

function notFound(details: string): Refusal {
  return { reply: { status: 404, body: '', details }, closes: false, counter: HTTP_STATS.downstream_rq_non_relative_path };
}

/** Why a well-formed head is not served; undefined when it is. Sets the default host of HTTP/1.0 and may cut a fragment off. */
export function refusalOf(headers: HeaderMap, minorVersion: number, config: ConnectionManagerConfig): Refusal | undefined {
  if (!headers.hasHost && minorVersion === 0 && config.defaultHostForHttp10 !== '') {
    headers.authority = config.defaultHostForHttp10;
    headers.hasHost = true;
  }
  if (!headers.hasHost) return NO_HOST;
  const { path } = headers;
  if (path.includes('#')) {
    if (config.runtime.feature('envoy.reloadable_features.http_reject_path_with_fragment', true)) return FRAGMENT;
    headers.path = path.slice(0, path.indexOf('#'));
  }
  if (headers.method === 'QUERY' && !headers.has(H.contentType) && headers.has(H.contentLength)) return QUERY_WITHOUT_TYPE;
  if (path.charCodeAt(0) === 0x2f || headers.method === 'CONNECT') return undefined;
  return path === '' ? NO_PATH : NOT_RELATIVE;
}
