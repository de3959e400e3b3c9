import { writeLatin1 } from '../core/latin1.ts';
import type { WriteRequest } from './direct-handle.ts';
import { RecordsRequest } from './direct-handle.ts';
import type { StreamHandle } from './socket-internals.ts';
import type { TlsWrap } from './tls-wrap.ts';

interface Waiting {
  readonly request: WriteRequest;
  readonly text: string | undefined;
  readonly bytes: Buffer | undefined;
  readonly length: number;
}

export interface TlsWritesOwner {
  /** Told once after `settles` has answered false. Not 0: what was written is lost. */
  onSettled(status: number): void;
}

const CANCELED = -125;
/** What the records of a longer write are stored in leaves in more than one system call. */
const ONE_CALL_BYTES = 65_536;

/**
 * The writes of a handle that speaks TLS. Node's handle takes one at a time and keeps its request until the next round of the event loop, also when the
 * system has taken all at once. Here such a write is done when the call returns, as over a bare socket; others wait in line.
 *
 * Node is given a request of our own, the same one for as long as it forgets it between two writes. It is only told to call us when somebody waits:
 * that call costs more than to ask for what the system has taken.
 */
export class TlsWrites {
  /** Of requests that were kept. */
  unsentBytes = 0;
  readonly #owner: TlsWritesOwner;
  readonly #raw: StreamHandle;
  readonly #wrap: TlsWrap;
  #request: RecordsRequest | null = null;
  /** Whose records the system has not taken. */
  #inFlight: Waiting | null = null;
  #waiting: Waiting[] = [];
  #ownerWaits = false;
  #isSending = false;
  /** What writes are answered with from now on: OpenSSL takes more after the system has refused some, and sends nothing. */
  #refusal = 0;

  constructor(owner: TlsWritesOwner, raw: StreamHandle, wrap: TlsWrap) {
    this.#owner = owner;
    this.#raw = raw;
    this.#wrap = wrap;
  }

  get refusal(): number {
    return this.#refusal;
  }

  /** Whether the system has all that was written. */
  get allSent(): boolean {
    return this.#refusal === 0 && this.#inFlight === null && this.#waiting.length === 0;
  }

  refuse(status: number): void {
    this.#refusal = status;
  }

  /** Either `text` or `bytes`; `length` is that of both. A request that is kept completes later. */
  write(request: WriteRequest, text: string | undefined, bytes: Buffer | undefined, length: number): number {
    if (this.#refusal !== 0) return this.#refusal;
    if (this.#nodeIsWriting()) {
      this.#waiting.push({ request, text, bytes, length });
      this.unsentBytes += length;
      request.isQueued = true;
      this.#request!.oncomplete = onRecordsTaken;
      return 0;
    }
    const isDone = this.#send(text, bytes, length);
    if (this.#refusal === 0 && !isDone) {
      this.#inFlight = { request, text, bytes, length };
      this.unsentBytes += length;
      request.isQueued = true;
    }
    return this.#refusal;
  }

  /** False: Node still writes, and the owner is told when it does no more. */
  settles(): boolean {
    if (!this.#nodeIsWriting()) return true;
    this.#ownerWaits = true;
    this.#request!.oncomplete = onRecordsTaken;
    return false;
  }

  /** What waits is never written. */
  cancel(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { request } of waiting) complete(request, CANCELED);
  }

  #nodeIsWriting(): boolean {
    return this.#request !== null && this.#request.getAsyncId() !== -1;
  }

  /** Whether the system has taken the records. */
  #send(text: string | undefined, bytes: Buffer | undefined, length: number): boolean {
    const request = (this.#request ??= new RecordsRequest(this));
    const raw = this.#raw;
    const sentBefore = raw.bytesWritten;
    // Node completes inside the call what the system refuses.
    request.oncomplete = onRecordsTaken;
    this.#isSending = true;
    const status = this.#wrap.writeBuffer(request, bytes ?? bytesOf(text!));
    this.#isSending = false;
    if (this.#refusal === 0) this.#refusal = status;
    if (this.#refusal !== 0) return false;
    // Records are longer than what is in them, and leave after those before them.
    const isDone = length <= ONE_CALL_BYTES && raw.bytesWritten - sentBefore > length && raw.writeQueueSize === 0;
    if (isDone && this.#waiting.length === 0 && !this.#ownerWaits) request.oncomplete = null;
    return isDone;
  }

  /** Called by the request. */
  onRecordsTaken(status: number): void {
    if (this.#isSending) {
      this.#refusal = status;
      return;
    }
    // Node forgets it only when this has returned.
    this.#request = null;
    const taken = this.#inFlight;
    this.#inFlight = null;
    if (status !== 0 && this.#refusal === 0) this.#refusal = status;
    if (taken !== null) this.unsentBytes -= taken.length;
    const next = this.#refusal === 0 ? this.#waiting.shift() : undefined;
    if (next !== undefined) {
      this.#sendWaiting(next);
    } else if (this.#ownerWaits) {
      this.#ownerWaits = false;
      this.#owner.onSettled(status);
    }
    if (taken !== null) complete(taken.request, status);
  }

  #sendWaiting(next: Waiting): void {
    const isDone = this.#send(next.text, next.bytes, next.length);
    if (this.#refusal === 0 && !isDone) {
      this.#inFlight = next;
      return;
    }
    this.unsentBytes -= next.length;
    complete(next.request, this.#refusal);
  }
}

/** Of a text Node makes memory of its own for each write; bytes are encrypted where they are, or copied, before the call returns. */
function bytesOf(text: string): Buffer {
  if (text.length > textBuffer.length) return Buffer.from(text, 'latin1');
  writeLatin1(textBuffer, text, 0);
  return textBuffer.subarray(0, text.length);
}

const textBuffer = Buffer.allocUnsafeSlow(32_768);

function onRecordsTaken(this: RecordsRequest, status: number): void {
  this.writes.onRecordsTaken(status);
}

function complete(request: WriteRequest, status: number): void {
  request.isQueued = false;
  request.oncomplete(status);
}
