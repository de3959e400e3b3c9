/**
 * Hostile peers for as long as wanted: `node --expose-gc test/http/codec/h2/fuzz.ts [seconds] [seed]`. An input is a connection of up to
 * twenty frames to the server codec or to the client codec, or a series of head blocks to HPACK. Each must leave them without a throw, its
 * streams told of their end, what was written readable, and nothing kept. Prints how many inputs it took.
 */
import { SeededRandom } from '../../../../src/core/random.ts';
import type { H2Options } from '../../../../src/http/codec/h2/h2-options.ts';
import { testStats } from './h2-rig.ts';
import { checkHostileBlocks, checkHostileClient, checkHostileServer } from './hostile-check.ts';

const BATCH = 1000;
/** Beyond what the heap had after the first inputs. */
const MAX_GROWTH_BYTES = 16 * 1024 * 1024;
/** A connection that takes longer than this loops. */
const MAX_MS = 1000;

const seconds = Number(process.argv[2] ?? 10);
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31);
const random = new SeededRandom(seed);
const stats = testStats();
const variants: Partial<H2Options>[] = [{ stats }, { stats, streamErrorOnInvalidMessage: true, allowConnect: true }, { stats, underscores: 'drop', maxHeadBytes: 100, highWatermarkBytes: 1000 }];
const kinds = [
  (inputSeed: number) => checkHostileClient(inputSeed, variants[inputSeed % variants.length]!),
  (inputSeed: number) => checkHostileServer(inputSeed, variants[inputSeed % variants.length]!),
  (inputSeed: number) => {
    const dice = new SeededRandom(inputSeed);
    checkHostileBlocks(() => dice.unit());
  },
];
const counts = kinds.map(() => 0);
const end = performance.now() + seconds * 1000;
let heapBytes = 0;
for (let batch = 0; performance.now() < end; batch++) {
  for (let i = 0; i < BATCH; i++) {
    const inputSeed = random.uint32();
    const kind = batch % kinds.length;
    const startedMs = performance.now();
    try {
      kinds[kind]!(inputSeed);
      if (performance.now() - startedMs > MAX_MS) throw new Error('it took too long');
    } catch (error) {
      process.stderr.write(`kind ${kind}, input seed ${inputSeed}\n`);
      throw error;
    }
    counts[kind]!++;
  }
  if (batch % 30 === 29 && globalThis.gc !== undefined) {
    globalThis.gc();
    const { heapUsed } = process.memoryUsage();
    if (heapBytes === 0) heapBytes = heapUsed;
    else if (heapUsed > heapBytes + MAX_GROWTH_BYTES) throw new Error(`the heap has grown from ${heapBytes} to ${heapUsed} bytes`);
  }
}
const [clients, servers, blocks] = counts;
process.stdout.write(`${clients! + servers! + blocks!} inputs in ${seconds} s, seed ${seed}: ${clients} clients, ${servers} servers, ${blocks} series of blocks\n`);
