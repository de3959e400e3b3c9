import type { TlsHandshake, TlsUpgrade } from './tls.ts';

/**
 * The byte pipe under every codec: nothing here knows HTTP or TLS policy.
 *
 * Two implementations behave alike (`test/transport/` runs one suite over both): `public-transport.ts` uses only
 * documented `net` API; `direct-transport.ts` writes on the socket's handle. No other file knows handles exist.
 */

/** A resolved socket address. `text` is what logs and statistics print: `1.2.3.4:80`, `[::1]:80`, `/run/a.sock`. */
export interface Address {
  readonly kind: 'ip' | 'pipe';
  /** IP literal without brackets, or the path of a Unix socket (an abstract name starts with `@`). */
  readonly host: string;
  /** 0 for a pipe. */
  readonly port: number;
  readonly text: string;
}

/** The code of a close because the peer did not close in time after `closeAfterFlush`. */
export const LINGER_EXPIRED = 'LINGER_EXPIRED';

/** Why a connection ended. Closes by this side carry no reason, but for LINGER_EXPIRED. */
export interface TransportError {
  /** `ECONNRESET`, `ECONNREFUSED`, `EPIPE`, `ETIMEDOUT`, … as Node names them. */
  readonly code: string;
  readonly message: string;
  /** Of a client's handshake: the server had sent too little for a ServerHello. */
  readonly answersHello?: true;
}

/**
 * Receives what happens on one connection. Methods of one object, not closures per connection.
 * After `onClosed` nothing else is called.
 */
export interface ConnectionOwner {
  /**
   * `bytes[0, length)` arrived. The buffer is lent for the length of the call: the next read overwrites it, so whoever
   * keeps bytes copies them. It may be longer than `length`, which is at most 512 KiB.
   */
  onBytes(bytes: Buffer, length: number): void;
  /** The peer sent FIN. Writing is still possible. */
  onEnd(): void;
  /** Called exactly once, also after `reset()` and `destroy()`; never from inside the call that caused it. */
  onClosed(error: TransportError | undefined): void;
  /**
   * All bytes that were unsent have been taken by the kernel. Called only after `unsentBytes` was seen above 0 or a write
   * had to wait; joined small writes count, so it may come when nothing ever waited.
   */
  onDrained(): void;
}

/** Owner of a connection that is being opened. */
export interface ConnectingOwner extends ConnectionOwner {
  /** Exactly one of `onConnected` and `onClosed(error)` comes first, never before `connect()` has returned. */
  onConnected(): void;
}

export interface Connection {
  owner: ConnectionOwner;
  readonly local: Address;
  readonly remote: Address;
  /** Bytes accepted by `write…` and not yet taken by the kernel (joined small writes included). 0 once closed. */
  readonly unsentBytes: number;
  readonly bytesRead: number;
  /** Bytes the kernel has taken. */
  readonly bytesWritten: number;
  readonly closed: boolean;

  /**
   * Sends latin1 text / bytes. Never throws; a no-op once closed. Small writes made while one `onBytes` (or other owner
   * callback) runs leave together when it returns; outside callbacks they leave at the end of the current turn.
   * `bytes` may be a chunk lent by another connection's `onBytes`: what cannot leave at once is copied here. Other bytes are
   * given away: whoever wrote them does not change them afterwards. Each character of `text` is one byte; above U+00FF
   * it would lose its upper half, and could become a line break.
   */
  writeText(text: string): void;
  writeBytes(bytes: Buffer): void;
  /** Sends what small writes have gathered, now. */
  flush(): void;

  /** Not counted here: the owner counts. Both are idempotent. */
  pauseReads(): void;
  resumeReads(): void;
  /**
   * Gives `bytes`, which are given away, back to be read once more before all others: the owner that the connection has then gets them in a later turn,
   * when reads are not paused. Called in `onBytes` at the latest, so that nothing else has been read meanwhile.
   */
  unread(bytes: Buffer): void;

  /** Sends FIN after what was written. Reads go on. When the peer has ended too, the connection closes by itself. */
  endWrites(): void;
  /**
   * Flushes and waits at most `lingerMs` for the peer's FIN while discarding what it sends, so that the peer can read the
   * answer (RFC 9112 §9.6); then closes, and only then sends FIN. `0` closes right after the flush. No `onBytes` or `onEnd` after this call.
   * While bytes are unsent, the time starts anew whenever it is over and the peer has taken some; with `0` nothing but
   * `destroy` or `reset` hurries a peer that takes none.
   */
  closeAfterFlush(lingerMs: number): void;
  /** Closes at once with RST where the system allows. */
  reset(): void;
  /** Closes at once; unsent bytes are lost. */
  destroy(): void;

  /**
   * Another connection over this one's socket, for TLS. This one reads on and is its owner's until the upgrade starts; from then on it is closed
   * without a call of `onClosed`. `owner` hears `onConnected` when the handshake is done and the peer is judged.
   */
  upgrade(owner: ConnectingOwner): TlsUpgrade;

  /** On from the start. */
  setNoDelay(on: boolean): void;
  /** Whole seconds, rounded up; 0 leaves the delay to the system. `probes` are sent at that interval to a peer that says nothing. */
  setKeepAlive(on: boolean, initialDelayMs: number, intervalMs?: number, probes?: number): void;
}

export interface ListenOptions {
  readonly backlog: number;
  /** Several listeners (threads, generations) may share the port; the kernel spreads connections (SO_REUSEPORT). */
  readonly reusePort: boolean;
  readonly ipv6Only: boolean;
  /** File mode of a Unix socket, 0 = leave. */
  readonly pipeMode: number;
}

export interface ListenerSocket {
  /** The bound address: port 0 has become a real port. */
  readonly local: Address;
  /** Stops accepting after everything in the backlog has been accepted. Accepted connections live on. */
  close(): Promise<void>;
  /** What arrives meanwhile is held unread, up to the backlog, and refused beyond. */
  pauseAccepts(): void;
  resumeAccepts(): void;
}

/** Bytes, or what makes them when the socket's own address is known. */
export type Preamble = Buffer | ((local: Address) => Buffer);

export interface ConnectOptions {
  readonly localAddress?: { readonly host: string; readonly port: number } | undefined;
  /** Leaves before anything else, and before a handshake. */
  readonly preamble?: Preamble | undefined;
  /** `onConnected` comes after this handshake. */
  readonly tls?: TlsHandshake | undefined;
}

export interface Transport {
  readonly name: 'direct' | 'public';
  /** Rejects with a TransportError. `accept` returns the owner of the new connection. */
  listen(address: Address, options: ListenOptions, accept: (connection: Connection) => ConnectionOwner): Promise<ListenerSocket>;
  /** What is written before `onConnected` leaves with it. */
  connect(address: Address, options: ConnectOptions, owner: ConnectingOwner): Connection;
}
