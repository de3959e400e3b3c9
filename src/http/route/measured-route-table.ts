import type { Clock } from '../../core/clock.ts';
import { serviceKey } from '../../core/extension.ts';
import { defineStats, type StatGroup } from '../../core/stats/stats.ts';
import { CONTINUE, type FilterStatus, type FilterStream, type HttpFilter } from '../filter.ts';
import type { HeaderMap } from '../header-map.ts';
import type { StreamInfo } from '../stream-info.ts';
import type { Route, RouteTable } from './route.ts';

/** What looking up routes has taken of one stream. */
export interface RouteResolution {
  count: number;
  timeMs: number;
}

/** Set by whoever tells of look-ups, while a connection manager is compiled: nothing is measured otherwise. */
export const ROUTE_RESOLUTION = serviceKey<{ wanted: boolean }>('route resolution', { wanted: false });

/** Of `http.<stat_prefix>`, with `record_route_resolution_stats`. */
export const ROUTE_RESOLUTION_STATS = defineStats({ histograms: ['downstream_rq_route_resolution_time_us', 'downstream_rq_route_resolutions'] });

/** A table that counts and times its look-ups. */
export class MeasuredRouteTable implements RouteTable {
  readonly #table: RouteTable;
  readonly #clock: Clock;

  constructor(table: RouteTable, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  get name(): string {
    return this.#table.name;
  }

  get internalOnlyHeaders(): readonly string[] {
    return this.#table.internalOnlyHeaders;
  }

  get mostSpecificHeaderMutationsWins(): boolean {
    return this.#table.mostSpecificHeaderMutationsWins;
  }

  route(headers: HeaderMap, info: StreamInfo, randomValue: number): Route | undefined {
    const resolution = resolutionOf(info);
    const startMs = this.#clock.monotonicMs();
    const route = this.#table.route(headers, info, randomValue);
    resolution.timeMs += this.#clock.monotonicMs() - startMs;
    resolution.count++;
    return route;
  }

  onRefused(headers: HeaderMap, info: StreamInfo): void {
    this.#table.onRefused(headers, info);
    resolutionOf(info).count++;
  }
}

function resolutionOf(info: StreamInfo): RouteResolution {
  return (info.routeResolution ??= { count: 0, timeMs: 0 });
}

/** A filter that records, when a stream ends, what was measured of it. */
export class RouteResolutionRecords implements HttpFilter {
  readonly #stats: StatGroup;

  constructor(stats: StatGroup) {
    this.#stats = stats;
  }

  decodeHeaders(): FilterStatus {
    return CONTINUE;
  }

  onDestroy({ info: { routeResolution } }: FilterStream): void {
    if (routeResolution === undefined) return;
    this.#stats.record(ROUTE_RESOLUTION_STATS.downstream_rq_route_resolution_time_us, Math.floor(routeResolution.timeMs * 1000));
    this.#stats.record(ROUTE_RESOLUTION_STATS.downstream_rq_route_resolutions, routeResolution.count);
  }
}
