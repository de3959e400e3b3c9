import { StatSchema, type StatGroup, type StatStore } from '../../../core/stats/stats.ts';
import type { FilterStream } from '../../../http/filter.ts';
import { grpcMethodOf } from '../../../http/grpc-method.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';

/** Clients choose the names of methods, so there is an end to them. */
export const MAX_METHODS = 1000;

const BY_NAME = new StatSchema({});

/** `cluster.<name>.grpc-web.<service>.<method>.{<grpc-status>, success, failure, total}`. */
export class GrpcWebStats {
  readonly #store: StatStore;
  readonly #methods = new Map<string, MethodStats>();

  constructor(store: StatStore) {
    this.#store = store;
  }

  /** Undefined when the request goes to no cluster or names no method. */
  methodOf(stream: FilterStream, headers: HeaderMap): MethodStats | undefined {
    const cluster = stream.info.upstreamCluster;
    const named = grpcMethodOf(headers.path);
    if (cluster === undefined || named === undefined) return undefined;
    const prefix = `cluster.${cluster.statName}.grpc-web.${named.service}.${named.method}`;
    let method = this.#methods.get(prefix);
    if (method === undefined && this.#methods.size < MAX_METHODS) {
      method = new MethodStats(this.#store.group(prefix, BY_NAME));
      this.#methods.set(prefix, method);
    }
    return method;
  }
}

export class MethodStats {
  readonly #group: StatGroup;

  constructor(group: StatGroup) {
    this.#group = group;
  }

  /** By the `grpc-status` of headers or trailers; nothing without one. */
  count(fields: HeaderMap): void {
    const status = fields.get(H.grpcStatus);
    if (status === undefined || !/^\d{1,2}$/.test(status)) return;
    this.#group.counter(String(Number(status))).inc();
    this.#group.counter(Number(status) === 0 ? 'success' : 'failure').inc();
    this.#group.counter('total').inc();
  }
}
