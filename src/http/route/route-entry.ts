import type { HeaderMap } from '../header-map.ts';
import type { StreamInfo } from '../stream-info.ts';
import type { PathPattern } from './path-pattern.ts';
import type { RouteCondition } from './route-conditions.ts';
import type { Route } from './route.ts';

/** A route of the configuration: when it applies, and what it leads to. */
export interface RouteEntry {
  readonly path: PathPattern;
  readonly conditions: readonly RouteCondition[];
  /** Undefined only where runtime overrides leave nothing to choose from. */
  select(headers: HeaderMap, randomValue: number): Route | undefined;
}

/** The position of the first entry that matches, or -1. */
export function findLinearly(
  entries: readonly RouteEntry[],
  path: string,
  end: number,
  headers: HeaderMap,
  randomValue: number,
  info: StreamInfo,
): number {
  for (let at = 0; at < entries.length; at++) {
    const entry = entries[at];
    if ((path !== '' || entry.path.takesNoPath) && entry.path.matches(path, end) && conditionsHold(entry, headers, randomValue, info)) return at;
  }
  return -1;
}

export function conditionsHold(entry: RouteEntry, headers: HeaderMap, randomValue: number, info: StreamInfo): boolean {
  const { conditions } = entry;
  for (let at = 0; at < conditions.length; at++) if (!conditions[at].holds(headers, randomValue, info)) return false;
  return true;
}
