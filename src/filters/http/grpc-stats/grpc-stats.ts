import { CONTINUE, type FilterStatus, type FilterStream, type HttpFilter } from '../../../http/filter.ts';
import { FilterState, type FilterStateObject } from '../../../http/filter-state.ts';
import { grpcMethodOf } from '../../../http/grpc-method.ts';
import { hasGrpcType, isGrpcRequest } from '../../../http/grpc-status.ts';
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

/** Of one call, as `%FILTER_STATE%` shows them. */
class MessageCounts implements FilterStateObject {
  request = 0;
  response = 0;

  get plain(): string {
    return `${this.request},${this.response}`;
  }

  get fields(): Record<string, string> {
    const fields: Record<string, string> = {};
    if (this.request > 0) fields['request_message_count'] = String(this.request);
    if (this.response > 0) fields['response_message_count'] = String(this.response);
    return fields;
  }
}

interface Call {
  /** Undefined: only its messages are counted. */
  readonly stats: MethodStats | undefined;
  readonly request: MessageCounter;
  /** Undefined while, or when, the response is none of gRPC. */
  response: MessageCounter | undefined;
  /** From the first message on, where told to. */
  counts: MessageCounts | undefined;
}

const FILTER_STATE = 'envoy.filters.http.grpc_stats';

/** envoy.filters.http.grpc_stats: counts calls of gRPC by status, and their messages. */
export class GrpcStats implements HttpFilter {
  readonly #names: MethodNames;
  readonly #emitsState: boolean;
  readonly #store: GrpcStatsStore;

  constructor(names: MethodNames, emitsState: boolean, store: GrpcStatsStore) {
    this.#names = names;
    this.#emitsState = emitsState;
    this.#store = store;
  }

  decodeHeaders(stream: FilterStream, headers: HeaderMap): FilterStatus {
    if (!isGrpcRequest(headers)) return CONTINUE;
    const stats = this.#statsOf(stream, headers);
    if (stats === undefined && !this.#emitsState) return CONTINUE;
    stream.state = { stats, request: new MessageCounter(), response: undefined, counts: undefined } satisfies Call;
    return CONTINUE;
  }

  decodeData(stream: FilterStream, chunk: Buffer): FilterStatus {
    const call = stream.state as Call | undefined;
    const count = call?.request.add(chunk) ?? 0;
    if (count === 0) return CONTINUE;
    call!.stats?.addRequestMessages(count);
    if (this.#emitsState) countsOf(call!, stream).request += count;
    return CONTINUE;
  }

  encodeHeaders(stream: FilterStream, headers: HeaderMap, end: boolean): FilterStatus {
    const call = stream.state as Call | undefined;
    if (call === undefined) return CONTINUE;
    call.stats?.count(headers);
    if (!end && headers.status === 200 && hasGrpcType(headers)) call.response = new MessageCounter();
    if (end) recordTime(call, stream);
    return CONTINUE;
  }

  encodeData(stream: FilterStream, chunk: Buffer, end: boolean): FilterStatus {
    const call = stream.state as Call | undefined;
    if (call === undefined) return CONTINUE;
    const count = call.response?.add(chunk) ?? 0;
    if (count > 0) {
      call.stats?.addResponseMessages(count);
      if (this.#emitsState) countsOf(call, stream).response += count;
    }
    if (end) recordTime(call, stream);
    return CONTINUE;
  }

  encodeTrailers(stream: FilterStream, trailers: HeaderMap): FilterStatus {
    const call = stream.state as Call | undefined;
    if (call === undefined) return CONTINUE;
    call.stats?.count(trailers);
    recordTime(call, stream);
    return CONTINUE;
  }

  /** Undefined: the call goes to no cluster, or its method is not counted. */
  #statsOf(stream: FilterStream, headers: HeaderMap): MethodStats | undefined {
    const cluster = stream.info.upstreamCluster;
    const method = cluster && this.#methodOf(headers.path);
    return method === undefined ? undefined : this.#store.find(`cluster.${cluster!.statName}.grpc${method}`);
  }

  /** `.service.method`, or '' for the others; undefined: not counted. */
  #methodOf(path: string): string | undefined {
    const { all, listed, replaceDots } = this.#names;
    if (!all && listed.size === 0) return '';
    const named = grpcMethodOf(path);
    if (named === undefined) return all ? undefined : '';
    const { service, method } = named;
    if (!all) return listed.has(`/${service}/${method}`) ? `.${service}.${method}` : '';
    return `.${replaceDots ? service.replaceAll('.', '_') : service}.${method}`;
  }
}

function countsOf(call: Call, { info }: FilterStream): MessageCounts {
  if (call.counts === undefined) (info.filterState ??= new FilterState()).set(FILTER_STATE, (call.counts = new MessageCounts()));
  return call.counts!;
}

/** From the request's end to the response's, where an upstream was asked. */
function recordTime({ stats }: Call, { info, clock }: FilterStream): void {
  if (info.requestEndMs > 0 && info.upstreamHost !== undefined) stats?.recordTime(clock.monotonicMs() - info.requestEndMs);
}
