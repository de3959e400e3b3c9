import type { Duration } from '@bufbuild/protobuf/wkt';

/** Whole milliseconds, what is below them dropped. */
export function durationMs(duration: Duration): number {
  return Number(duration.seconds) * 1000 + Math.trunc(duration.nanos / 1e6);
}
