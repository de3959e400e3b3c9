import { SeededRandom } from '../../src/core/random.ts';
import { checkHostileBlocks, checkHostileClient, checkHostileServer, checkValidClient, reached } from '../http/codec/h2/hostile-check.ts';
import { checkHostileChunks, checkHostileHttp1Client, checkHostileHttp1Server } from '../http/codec/h1-hostile-check.ts';
import { checkCookies, checkForwardedFor, checkPaths } from './edge-text.ts';
import { checkClientHello, checkProxyProtocol } from './first-bytes.ts';
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

/** The same of HTTP/1, and whether any cut of the bytes says the same. */
const HTTP1: readonly Target[] = [
  { name: 'h1-server', play: checkHostileHttp1Client },
  { name: 'h1-client', play: checkHostileHttp1Server },
  { name: 'chunks', play: checkHostileChunks },
];

const FIRST_BYTES: readonly Target[] = [
  { name: 'client-hello', play: checkClientHello },
  { name: 'proxy-protocol', play: checkProxyProtocol },
];

const TEXTS: readonly Target[] = [
  { name: 'cookies', play: checkCookies },
  { name: 'forwarded-for', play: checkForwardedFor },
  { name: 'paths', play: checkPaths },
];

export const TARGETS: readonly Target[] = [...HTTP2, ...HTTP1, ...FIRST_BYTES, ...TEXTS];
