import type { X509Certificate } from 'node:crypto';

/** A session, and the certificate of the peer it was made with. */
export interface KeptSession {
  readonly session: Buffer;
  readonly peer: X509Certificate;
}

/** Sessions of more peers than this are forgotten, the oldest first. */
const PEER_LIMIT = 1024;

/** Sessions that a client may resume, by whom they were made with. */
export class ClientSessions {
  readonly #byPeer = new Map<string, KeptSession[]>();
  /** Of each peer. */
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Each is given once. */
  take(peer: string): KeptSession | undefined {
    return this.#byPeer.get(peer)?.pop();
  }

  keep(peer: string, session: KeptSession): void {
    if (this.#limit === 0) return;
    let kept = this.#byPeer.get(peer);
    if (kept === undefined) {
      if (this.#byPeer.size >= PEER_LIMIT) this.#byPeer.delete(this.#byPeer.keys().next().value!);
      this.#byPeer.set(peer, (kept = []));
    }
    kept.push(session);
    if (kept.length > this.#limit) kept.shift();
  }
}
