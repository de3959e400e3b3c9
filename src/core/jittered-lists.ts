import type { Random } from './random.ts';
import type { TimerList } from './timers.ts';

/** So many durations a jitter chooses from, each with a list of its own. */
const STEPS = 64;

/** A duration and those up to `percent` longer, for connections that shall not end all at once. */
export function jitteredLists(durationMs: number, percent: number, listOf: (durationMs: number) => TimerList): readonly TimerList[] {
  if (percent === 0) return [listOf(durationMs)];
  return Array.from({ length: STEPS }, (_, step) => listOf(durationMs * (1 + (percent / 100) * (step / (STEPS - 1)))));
}

export function pickList(lists: readonly TimerList[], random: Random): TimerList {
  return lists.length === 1 ? lists[0]! : lists[random.uint32() % lists.length]!;
}
