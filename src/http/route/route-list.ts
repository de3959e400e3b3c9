import type { HeaderMap } from '../header-map.ts';
import type { StreamInfo } from '../stream-info.ts';
import { pathEnd, type PathPattern } from './path-pattern.ts';
import type { Route } from './route.ts';

/** One condition of a route besides its path. Stateless: the same request and random value give the same answer each time. */
export interface RouteCondition {
  holds(headers: HeaderMap, info: StreamInfo, randomValue: number): boolean;
}

/** A route of the configuration: when it applies, and what it leads to. */
export interface RouteEntry {
  readonly path: PathPattern;
  readonly conditions: readonly RouteCondition[];
  select(headers: HeaderMap, info: StreamInfo, randomValue: number): Route;
}

/** The routes of one virtual host, in the order of the configuration. */
export class RouteList {
  readonly #entries: readonly RouteEntry[];

  constructor(entries: readonly RouteEntry[]) {
    this.#entries = entries;
  }

  find(headers: HeaderMap, info: StreamInfo, randomValue: number): Route | undefined {
    const { path } = headers;
    const end = pathEnd(path);
    for (const entry of this.#entries) {
      if (entry.path.matches(path, end) && conditionsHold(entry, headers, info, randomValue)) {
        return entry.select(headers, info, randomValue);
      }
    }
    return undefined;
  }
}

export function conditionsHold(entry: RouteEntry, headers: HeaderMap, info: StreamInfo, randomValue: number): boolean {
  const { conditions } = entry;
  for (let at = 0; at < conditions.length; at++) {
    if (!conditions[at].holds(headers, info, randomValue)) return false;
  }
  return true;
}
