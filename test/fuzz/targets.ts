import { SeededRandom } from '../../src/core/random.ts';
import { checkHostileBlocks, checkHostileClient, checkHostileServer, checkValidClient, reached } from '../http/codec/h2/hostile-check.ts';
import type { Target } from './target.ts';

/** HTTP/2: a server with a hostile client, a client with a hostile server, a server with a client that keeps the rules, HPACK alone. */
const HTTP2: readonly Target[] = [
  { name: 'h2-server', play: checkHostileClient, reached: () => reached.counts },
  { name: 'h2-client', play: checkHostileServer, reached: () => reached.counts },
  { name: 'h2-valid', play: checkValidClient },
  {
    name: 'hpack',
    play: (seed) => {
      const dice = new SeededRandom(seed);
      checkHostileBlocks(() => dice.unit());
    },
  },
];

export const TARGETS: readonly Target[] = [...HTTP2];
