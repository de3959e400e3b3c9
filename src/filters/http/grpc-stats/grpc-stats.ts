import { CONTINUE, type FilterStatus, type FilterStream, type HttpFilter } from '../../../http/filter.ts';
import { isGrpcRequest } from '../../../http/grpc-status.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { MessageCounter } from './message-counter.ts';
import type { GrpcStatsStore, MethodStats } from './method-stats.ts';

/** Which methods have statistics of their own; the others of a cluster are counted together. */
export interface MethodNames {
  /** All but those whose path names none, which are not counted. */
  readonly all: boolean;
  /** `/service/method`. */
  readonly listed: ReadonlySet<string>;
  readonly replaceDots: boolean;
}

interface Call {
  readonly stats: MethodStats;
  readonly request: MessageCounter;
  /** Undefined while, or when, the response is none of gRPC. */
  response: MessageCounter | undefined;
}

/** envoy.filters.http.grpc_stats: counts calls of gRPC by status, and their messages. */
export class GrpcStats implements HttpFilter {
  readonly #names: MethodNames;
  readonly #store: GrpcStatsStore;

  constructor(names: MethodNames, store: GrpcStatsStore) {
    this.#names = names;
    this.#store = store;
  }

  decodeHeaders(stream: FilterStream, headers: HeaderMap): FilterStatus {
    if (!isGrpcRequest(headers)) return CONTINUE;
    const { route } = stream;
    const cluster = route?.kind === 'forward' ? stream.clusters.get(route.clusterName(headers)) : undefined;
    const method = cluster && this.#methodOf(headers.path);
    const stats = method === undefined ? undefined : this.#store.find(`cluster.${cluster!.statName}.grpc${method}`);
    if (stats !== undefined) stream.state = { stats, request: new MessageCounter(), response: undefined } satisfies Call;
    return CONTINUE;
  }

  decodeData(stream: FilterStream, chunk: Buffer): FilterStatus {
    const call = stream.state as Call | undefined;
    if (call !== undefined) call.stats.addRequestMessages(call.request.add(chunk));
    return CONTINUE;
  }

  encodeHeaders(stream: FilterStream, headers: HeaderMap, end: boolean): FilterStatus {
    const call = stream.state as Call | undefined;
    if (call === undefined) return CONTINUE;
    call.stats.count(headers);
    if (!end && headers.status === 200 && isGrpcRequest(headers)) call.response = new MessageCounter();
    if (end) recordTime(call, stream);
    return CONTINUE;
  }

  encodeData(stream: FilterStream, chunk: Buffer, end: boolean): FilterStatus {
    const call = stream.state as Call | undefined;
    if (call === undefined) return CONTINUE;
    if (call.response !== undefined) call.stats.addResponseMessages(call.response.add(chunk));
    if (end) recordTime(call, stream);
    return CONTINUE;
  }

  encodeTrailers(stream: FilterStream, trailers: HeaderMap): FilterStatus {
    const call = stream.state as Call | undefined;
    if (call === undefined) return CONTINUE;
    call.stats.count(trailers);
    recordTime(call, stream);
    return CONTINUE;
  }

  /** `.service.method`, or '' for the others; undefined: not counted. */
  #methodOf(path: string): string | undefined {
    const { all, listed, replaceDots } = this.#names;
    if (!all && listed.size === 0) return '';
    const parts = SERVICE_AND_METHOD.exec(path);
    if (parts === null) return all ? undefined : '';
    const [, service, method] = parts as unknown as [string, string, string];
    if (!all) return listed.has(`/${service}/${method}`) ? `.${service}.${method}` : '';
    return `.${replaceDots ? service.replaceAll('.', '_') : service}.${method}`;
  }
}

const SERVICE_AND_METHOD = /^\/([^/?]+)\/([^/?]+)(?:\?|$)/;

/** From the request's end to the response's, where an upstream was asked. */
function recordTime({ stats }: Call, { info, clock }: FilterStream): void {
  if (info.requestEndMs > 0 && info.upstreamHost !== undefined) stats.recordTime(clock.monotonicMs() - info.requestEndMs);
}
