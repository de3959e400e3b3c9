import type { CounterId } from '../../../core/stats/stats.ts';
import type { LocalReply } from '../../../http/filter.ts';
import { isGrpcRequest } from '../../../http/grpc-status.ts';
import type { ServerEncoder } from '../../../http/codec/codec.ts';
import { HeaderMap } from '../../../http/header-map.ts';
import { H, headerName } from '../../../http/header-name.ts';
import { HTTP_STATS } from '../../../http/http-stats.ts';
import type { StreamInfo } from '../../../http/stream-info.ts';
import type { ConnectionManagerConfig } from './config.ts';
import type { PathRules } from './path-rules.ts';

/** A request that the connection manager answers itself, before any filter. */
export interface Refusal {
  readonly reply: LocalReply;
  /** The connection ends with the answer. */
  readonly closes: boolean;
  /** What it counts as, where there is a counter. */
  readonly counter?: CounterId;
}

const LOCAL_OVERLOADED = headerName('x-envoy-local-overloaded');
const OVERLOADED: Refusal = { reply: { status: 503, body: 'envoy overloaded', details: 'overload' }, closes: false, counter: HTTP_STATS.downstream_rq_overload_close };
const OVERLOADED_TOLD: Refusal = { ...OVERLOADED, reply: { ...OVERLOADED.reply, headers: (headers) => headers.add(LOCAL_OVERLOADED, 'true') } };
const NO_HOST = closing('missing_host_header');
const BAD_PATH: Refusal = { ...closing('path_normalization_failed'), counter: HTTP_STATS.downstream_rq_failed_path_normalization };
const QUERY_WITHOUT_TYPE = closing('query_missing_content_type');
const NO_PATH = notFound('missing_path_rejected');
const NOT_RELATIVE = notFound('absolute_path_rejected');

function closing(details: string): Refusal {
  return { reply: { status: 400, body: '', details }, closes: true };
}

function notFound(details: string): Refusal {
  return { reply: { status: 404, body: '', details }, closes: false, counter: HTTP_STATS.downstream_rq_non_relative_path };
}

/** What is looked at of the stream whose head it is. */
export interface HeadReceiver {
  readonly config: ConnectionManagerConfig;
  readonly encoder: Pick<ServerEncoder, 'expectContinue' | 'minorVersion'>;
  readonly info: StreamInfo;
  respondInformational(headers: HeaderMap): void;
}

/**
 * Makes a well-formed head ready for routing: tells a client that waits to go on, sets the default host of HTTP/1.0, rewrites the path by the
 * rules for it and makes early mutations. Why it is not served, or undefined when it is.
 */
export function admitHead(headers: HeaderMap, stream: HeadReceiver): Refusal | undefined {
  const { config, encoder, info } = stream;
  const dropped = config.overload.states.stop_accepting_requests;
  if (dropped !== undefined && config.random.unit() < dropped) return config.appendLocalOverload ? OVERLOADED_TOLD : OVERLOADED;
  if (encoder.expectContinue && !config.proxy100Continue) sendContinue(headers, stream);
  if (!headers.hasHost && encoder.minorVersion === 0 && config.defaultHostForHttp10 !== '') {
    headers.authority = config.defaultHostForHttp10;
    headers.hasHost = true;
  }
  if (!headers.hasHost) return NO_HOST;
  const { path } = headers;
  if (path.includes('#')) {
    if (config.runtime.feature('envoy.reloadable_features.http_reject_path_with_fragment', true)) return BAD_PATH;
    headers.path = path.slice(0, path.indexOf('#'));
  }
  if (headers.method === 'QUERY' && !headers.has(H.contentType) && headers.has(H.contentLength)) return QUERY_WITHOUT_TYPE;
  if (path.charCodeAt(0) !== 0x2f) {
    if (headers.method !== 'CONNECT') return path === '' ? NO_PATH : NOT_RELATIVE;
  } else if (config.paths !== undefined) {
    const refusal = refusalOfPath(headers, config.paths);
    if (refusal !== undefined) return refusal;
  }
  config.earlyMutation?.apply(headers, { info, requestHeaders: headers, responseHeaders: undefined });
  const { detection } = config.addressing;
  return detection === undefined ? undefined : refusalOfClient(detection.detect(headers, info.connection.remoteAddress).rejectStatus);
}

function sendContinue(headers: HeaderMap, stream: HeadReceiver): void {
  headers.remove(H.expect);
  const proceed = new HeaderMap();
  proceed.status = 100;
  stream.respondInformational(proceed);
}

function refusalOfPath(headers: HeaderMap, rules: PathRules): Refusal | undefined {
  const verdict = rules.apply(headers);
  if (verdict === 'continue') return undefined;
  // A gRPC client follows no redirect.
  if (verdict === 'reject' || isGrpcRequest(headers)) return BAD_PATH;
  const location = headers.path;
  return {
    reply: { status: 307, body: '', details: 'path_normalization_failed', headers: (added) => added.add(H.location, location) },
    closes: false,
    counter: HTTP_STATS.downstream_rq_redirected_with_normalized_path,
  };
}

function refusalOfClient(status: number): Refusal | undefined {
  if (status === 0) return undefined;
  return {
    reply: { status, body: '', details: 'rejecting_because_detection_failed' },
    closes: false,
    counter: HTTP_STATS.downstream_rq_rejected_via_ip_detection,
  };
}
