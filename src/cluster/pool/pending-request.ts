import type { ResponseDecoder } from '../../http/codec/codec.ts';
import type { Host, PendingStream, PoolCallbacks } from '../../http/upstream.ts';
import type { Linked, LinkedList } from '../../core/linked-list.ts';

export interface PendingRequestOwner {
  readonly host: Host;
  onPendingCancelled(pending: PendingRequest): void;
}

/** A request that waits for a connection of one pool. */
export class PendingRequest implements PendingStream, Linked<PendingRequest> {
  list: LinkedList<PendingRequest> | undefined = undefined;
  listPrevious: PendingRequest | undefined = undefined;
  listNext: PendingRequest | undefined = undefined;
  readonly decoder: ResponseDecoder;
  readonly callbacks: PoolCallbacks;
  cancelled = false;
  readonly host: Host;
  #owner: PendingRequestOwner | undefined;

  constructor(owner: PendingRequestOwner, decoder: ResponseDecoder, callbacks: PoolCallbacks) {
    this.host = owner.host;
    this.#owner = owner;
    this.decoder = decoder;
    this.callbacks = callbacks;
  }

  /** The pool has taken it from its queue: cancelling does nothing from here on. */
  settle(): void {
    this.#owner = undefined;
  }

  cancel(): void {
    this.cancelled = true;
    this.#owner?.onPendingCancelled(this);
  }
}
