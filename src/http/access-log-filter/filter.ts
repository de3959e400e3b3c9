import type { AccessLogEntry } from '../access-log.ts';

/** Decides whether a record is written (`envoy.config.accesslog.v3.AccessLogFilter`). */
export interface AccessLogFilter {
  matches(entry: AccessLogEntry): boolean;
}

export class AllOf implements AccessLogFilter {
  readonly #filters: readonly AccessLogFilter[];

  constructor(filters: readonly AccessLogFilter[]) {
    this.#filters = filters;
  }

  matches(entry: AccessLogEntry): boolean {
    for (const filter of this.#filters) if (!filter.matches(entry)) return false;
    return true;
  }
}

export class AnyOf implements AccessLogFilter {
  readonly #filters: readonly AccessLogFilter[];

  constructor(filters: readonly AccessLogFilter[]) {
    this.#filters = filters;
  }

  matches(entry: AccessLogEntry): boolean {
    for (const filter of this.#filters) if (filter.matches(entry)) return true;
    return false;
  }
}
