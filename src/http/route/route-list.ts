import type { HeaderMap } from '../header-map.ts';
import type { StreamInfo } from '../stream-info.ts';
import { pathEnd } from './path-pattern.ts';
import { findLinearly, type RouteEntry } from './route-entry.ts';
import { RouteIndex } from './route-index.ts';
import type { Route } from './route.ts';

/** Finds the route of a request among those of a virtual host. */
export interface RouteFinder {
  /** `path` is the one to match with, which may be another form of that in `headers`. */
  find(path: string, headers: HeaderMap, randomValue: number, info: StreamInfo): Route | undefined;
}

/** The first route in the order of the configuration that matches. */
export class RouteList implements RouteFinder {
  readonly #entries: readonly RouteEntry[];
  readonly #index: RouteIndex | undefined;

  constructor(entries: readonly RouteEntry[]) {
    this.#entries = entries;
    this.#index = entries.length > MAX_LINEAR ? new RouteIndex(entries) : undefined;
  }

  find(path: string, headers: HeaderMap, randomValue: number, info: StreamInfo): Route | undefined {
    const end = pathEnd(path);
    const at =
      this.#index !== undefined && path !== ''
        ? this.#index.find(path, end, headers, randomValue, info)
        : findLinearly(this.#entries, path, end, headers, randomValue, info);
    return at < 0 ? undefined : this.#entries[at].select(headers, randomValue);
  }
}

/** Up to here looking at each route costs less than the index. */
const MAX_LINEAR = 6;
