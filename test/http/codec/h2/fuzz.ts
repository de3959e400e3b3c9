/**
 * Hostile clients for as long as wanted: `node test/http/codec/h2/fuzz.ts [seconds] [seed]`. Every input must leave the server codec
 * without a throw, its streams told of their end, and nothing kept beyond its limits. Prints how many inputs it took.
 */
import { SeededRandom } from '../../../../src/core/random.ts';
import { testOptions, testStats } from './h2-rig.ts';
import { checkHostileInput } from './hostile-check.ts';

const seconds = Number(process.argv[2] ?? 10);
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31);
const random = new SeededRandom(seed);
const options = testOptions({ maxConcurrentStreams: 4, stats: testStats() });
const end = performance.now() + seconds * 1000;
let inputs = 0;
while (performance.now() < end) {
  for (let i = 0; i < 1000; i++, inputs++) {
    const inputSeed = random.uint32();
    try {
      checkHostileInput(inputSeed, options);
    } catch (error) {
      process.stderr.write(`input ${inputs}, seed ${inputSeed}\n`);
      throw error;
    }
  }
}
process.stdout.write(`${inputs} inputs in ${seconds} s, seed ${seed}\n`);
