import { type FilterStatus, type FilterStream, type HttpFilter, STOP } from '../../../http/filter.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';
import { HTTP_STATS } from '../../../http/http-stats.ts';
import type { DirectRoute } from '../../../http/route/route.ts';
import { ResponseFlag } from '../../../http/stream-info.ts';
import type { RouterConfig } from './config.ts';
import { RouterStream } from './router-stream.ts';
import { findInvalid, type StrictHeader } from './strict-headers.ts';

/** The terminal filter (envoy.filters.http.router): answers from the route or forwards to a cluster. */
export class Router implements HttpFilter {
  readonly #config: RouterConfig;

  constructor(config: RouterConfig) {
    this.#config = config;
  }

  decodeHeaders(stream: FilterStream, headers: HeaderMap, end: boolean): FilterStatus {
    const { stats } = this.#config;
    stats.inc(HTTP_STATS.rq_total);
    const route = stream.route;
    if (route === undefined) {
      stats.inc(HTTP_STATS.no_route);
      stream.info.setFlag(ResponseFlag.noRouteFound);
      stream.localReply({ status: 404, body: '', details: 'route_not_found' });
      return STOP;
    }
    if (route.kind === 'direct') {
      this.#answer(stream, headers, route);
      return STOP;
    }
    const cluster = stream.info.upstreamCluster;
    if (cluster === undefined) {
      stats.inc(HTTP_STATS.no_cluster);
      stream.info.setFlag(ResponseFlag.noClusterFound);
      stream.localReply({ status: route.clusterNotFoundStatus, body: '', details: 'cluster_not_found' });
      return STOP;
    }
    if (this.#config.strictHeaders !== undefined && this.#refuses(this.#config.strictHeaders, stream, headers)) return STOP;
    const request = new RouterStream(this.#config, stream.handle(), route, cluster);
    stream.state = request;
    request.start(headers, end);
    return STOP;
  }

  decodeData(stream: FilterStream, chunk: Buffer, end: boolean): FilterStatus {
    if (this.#config.rejectsEarlyConnectData && chunk.length > 0 && isUnanswered(stream)) {
      stream.localReply({ status: 400, body: '', details: 'early_connect_data' });
      return STOP;
    }
    (stream.state as RouterStream | undefined)?.onRequestData(chunk, end);
    return STOP;
  }

  decodeTrailers(stream: FilterStream, trailers: HeaderMap): FilterStatus {
    (stream.state as RouterStream | undefined)?.onRequestTrailers(trailers);
    return STOP;
  }

  onAboveWriteBuffer(stream: FilterStream): void {
    (stream.state as RouterStream | undefined)?.pauseResponse();
  }

  onBelowWriteBuffer(stream: FilterStream): void {
    (stream.state as RouterStream | undefined)?.resumeResponse();
  }

  onDestroy(stream: FilterStream): void {
    (stream.state as RouterStream | undefined)?.onDestroy();
  }

  #refuses(strict: readonly StrictHeader[], stream: FilterStream, headers: HeaderMap): boolean {
    const invalid = findInvalid(strict, headers);
    if (invalid === undefined) return false;
    const { text, value } = invalid;
    stream.info.setFlag(ResponseFlag.invalidEnvoyRequestHeaders);
    stream.localReply({ status: 400, body: `invalid header '${text}' with value '${value}'`, details: `request_headers_failed_strict_check{${text}}` });
    return true;
  }

  #answer(stream: FilterStream, headers: HeaderMap, route: DirectRoute): void {
    this.#config.stats.inc(HTTP_STATS.rq_direct_response);
    const location = route.location(headers);
    const body = route.formatBody(headers, stream.info);
    route.rewritePath(headers, !this.#config.suppressEnvoyHeaders);
    stream.localReply({
      status: route.status,
      body,
      details: 'direct_response',
      headers: (reply) => {
        if (location !== undefined) reply.set(H.location, location);
        if (route.contentType !== undefined && body !== '') reply.set(H.contentType, route.contentType);
        route.responseHeaders?.apply(reply, { info: stream.info, requestHeaders: headers, responseHeaders: reply });
      },
    });
  }
}

/** A CONNECT that has not been answered. */
function isUnanswered({ requestHeaders, responseHeaders }: FilterStream): boolean {
  return requestHeaders.method === 'CONNECT' && responseHeaders === undefined;
}
