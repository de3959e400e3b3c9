import { SeededRandom } from '../../../../src/core/random.ts';
import type { H2Options } from '../../../../src/http/codec/h2/h2-options.ts';
import { ServerRig } from './h2-rig.ts';
import { hostileBytes } from './hostile-frames.ts';

/** Plays one hostile connection, cut into pieces of any length, and throws when a promise is broken. */
export function checkHostileInput(seed: number, options: Partial<H2Options>): void {
  const random = new SeededRandom(seed);
  const bytes = hostileBytes(() => random.unit());
  const rig = new ServerRig(options);
  for (let at = 0; at < bytes.length; ) {
    const run = random.unit() < 0.5 ? bytes.length - at : 1 + (random.uint32() % 30);
    rig.connection.receive(bytes.slice(at, at + run));
    at += run;
  }
  if (rig.codec.activeStreams > (options.maxConcurrentStreams ?? 100)) throw new Error('more streams than allowed');
  if (rig.errors > 1) throw new Error('a connection failed twice');
  rig.codec.onClosed(undefined);
  if (rig.codec.activeStreams !== 0) throw new Error('streams outlive their connection');
  for (const stream of rig.streams) {
    if (!stream.ended && stream.failure === undefined) throw new Error('a stream was not told of its end');
  }
}
