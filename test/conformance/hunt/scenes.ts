/** What there is to hunt in, by name. */

import { compressionScene } from './compression.ts';
import { huntConfig } from './config.ts';
import { connectionsScene } from './connections.ts';
import type { Dice } from './dice.ts';
import { exchange, type RawCase } from './exchange.ts';
import { http2Scene } from './http2.ts';
import { piecesScene } from './pieces.ts';
import { tcpScene } from './tcp.ts';
import { tlsScene } from './tls.ts';

/** One proxy, and any number of cases for it. */
export interface Scene {
  /** The base of its configuration; `gateway` if not given. */
  readonly base?: string;
  readonly config: object;
  exchange(): RawCase;
}

const http1Scene = (dice: Dice): Scene => ({ config: huntConfig(dice), exchange: () => exchange(dice) });

export const SCENES: Readonly<Record<string, (dice: Dice) => Scene>> = { http1: http1Scene, http2: http2Scene, tcp: tcpScene, connections: connectionsScene, tls: tlsScene, compression: compressionScene, pieces: piecesScene };
