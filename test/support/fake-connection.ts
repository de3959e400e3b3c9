import { MemoryConnection } from '../../src/testing/memory-connection.ts';

/** A connection whose peer is the test, which also says how much of what was written still waits. */
export class FakeConnection extends MemoryConnection {
  #unsentBytes = 0;

  override get unsentBytes(): number {
    return this.#unsentBytes;
  }

  override set unsentBytes(bytes: number) {
    this.#unsentBytes = bytes;
  }
}
