import { defineStats, type HistogramId, type StatGroup, type StatStore } from '../../../core/stats/stats.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';

/** Clients choose the names of methods, upstreams those of statuses: there is an end to both. */
export const MAX_METHODS = 1000;
export const MAX_STATUSES = 32;

const COUNTS = defineStats({ counters: ['failure', 'request_message_count', 'response_message_count', 'success', 'total'] });
const COUNTS_AND_TIME = defineStats({ counters: ['failure', 'request_message_count', 'response_message_count', 'success', 'total'], histograms: ['upstream_rq_time'] });

/** What may stand in the name of a statistic. */
const STATUS = /^[\w-]{1,16}$/;

/** Those of one thread, by prefix: `cluster.<name>.grpc[.<service>.<method>]`. */
export class GrpcStatsStore {
  readonly #store: StatStore;
  readonly #withTime: boolean;
  readonly #methods = new Map<string, MethodStats>();

  constructor(store: StatStore, withTime: boolean) {
    this.#store = store;
    this.#withTime = withTime;
  }

  /** Undefined when there are too many. */
  find(prefix: string): MethodStats | undefined {
    let method = this.#methods.get(prefix);
    if (method === undefined && this.#methods.size < MAX_METHODS) {
      method = new MethodStats(this.#store.group(prefix, this.#withTime ? COUNTS_AND_TIME : COUNTS), this.#withTime);
      this.#methods.set(prefix, method);
    }
    return method;
  }
}

/** `<grpc-status>`, success, failure, total, message counts and, where asked for, the time upstreams take. */
export class MethodStats {
  readonly #group: StatGroup;
  readonly #withTime: boolean;
  readonly #statuses = new Map<string, { inc(): void }>();

  constructor(group: StatGroup, withTime: boolean) {
    this.#group = group;
    this.#withTime = withTime;
  }

  /** By the `grpc-status` of headers or trailers; nothing without one. */
  count(fields: HeaderMap): void {
    const status = fields.get(H.grpcStatus);
    if (status === undefined) return;
    this.#counterOf(status)?.inc();
    this.#group.inc(status === '0' ? COUNTS.success : COUNTS.failure);
    this.#group.inc(COUNTS.total);
  }

  addRequestMessages(count: number): void {
    this.#group.add(COUNTS.request_message_count, count);
  }

  addResponseMessages(count: number): void {
    this.#group.add(COUNTS.response_message_count, count);
  }

  recordTime(timeMs: number): void {
    if (this.#withTime) this.#group.record(COUNTS_AND_TIME.upstream_rq_time as HistogramId, timeMs);
  }

  #counterOf(status: string): { inc(): void } | undefined {
    let counter = this.#statuses.get(status);
    if (counter === undefined && this.#statuses.size < MAX_STATUSES && STATUS.test(status)) {
      counter = this.#group.counter(status);
      this.#statuses.set(status, counter);
    }
    return counter;
  }
}
