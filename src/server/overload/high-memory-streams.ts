import { defineStats } from '../../core/stats/stats.ts';
import type { HeldStream } from '../../http/codec/codec.ts';

export const RESET_STREAMS_SCOPE = 'envoy.overload_actions.reset_high_memory_stream';
export const RESET_STREAMS_STATS = defineStats({ counters: ['count'] });

/** Streams are sorted by the power of two that they hold; the last bucket has all that hold more. */
const BUCKETS = 8;
/** More are left for the next time. */
export const MAX_STREAMS_GIVEN_UP = 50;

/**
 * `reset_high_memory_stream`: gives up the streams that hold most, by so many buckets as the action's state says. Returns how many. Envoy counts what
 * it has allocated for a stream, this proxy the bytes of body that wait.
 */
export function resetHighMemoryStreams(streams: Iterable<HeldStream>, state: number, minPowerOfTwo: number): number {
  const cleared = Math.min(BUCKETS, Math.floor(state * BUCKETS) + 1);
  const buckets: HeldStream[][] = Array.from({ length: BUCKETS }, () => []);
  for (const stream of streams) {
    const bucket = Math.min(BUCKETS - 1, Math.floor(Math.log2(stream.heldBytes)) - minPowerOfTwo);
    if (bucket >= BUCKETS - cleared) buckets[bucket]!.push(stream);
  }
  const chosen = buckets.reverse().flat().slice(0, MAX_STREAMS_GIVEN_UP);
  for (const stream of chosen) stream.giveUp();
  return chosen.length;
}
