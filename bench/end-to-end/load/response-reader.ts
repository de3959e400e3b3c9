/**
 * Finds where responses end in a stream of them. Only what the origins of the benchmark send through a proxy: a body with
 * Content-Length or in chunks.
 */
export class ResponseReader {
  /** Set when a response is complete; the caller takes it with `take()`. */
  #complete = 0;
  #status = 0;
  #closes = false;
  #head = '';
  #lastHead = '';
  #bodyBytesLeft = 0;
  #state: 'head' | 'body' | 'chunks' = 'head';
  #chunkTail = '';
  /** All bytes of bodies (chunk framing included). */
  bodyBytes = 0;

  /** The status of the last response whose head has been read. */
  get status(): number {
    return this.#status;
  }

  /** A field of the last head. */
  header(name: string): string | undefined {
    return new RegExp(`\r\n${name}:[ \t]*([^\r]*)`, 'i').exec(this.#lastHead)?.[1];
  }

  /** Whether the last head announced that the connection closes after it. */
  get closes(): boolean {
    return this.#closes;
  }

  /** Number of responses that `bytes` completed. */
  push(bytes: Buffer, length: number): number {
    this.#complete = 0;
    let at = 0;
    while (at < length) {
      if (this.#state === 'head') at = this.#readHead(bytes, at, length);
      else if (this.#state === 'body') at = this.#readBody(at, length);
      else at = this.#readChunks(bytes, at, length);
    }
    return this.#complete;
  }

  #readHead(bytes: Buffer, from: number, length: number): number {
    const before = this.#head.length;
    this.#head += bytes.toString('latin1', from, length);
    const end = this.#head.indexOf('\r\n\r\n');
    if (end === -1) return length;
    const head = this.#head.slice(0, end + 2);
    this.#head = '';
    this.#onHead(head);
    return from + (end + 4 - before);
  }

  #onHead(head: string): void {
    this.#lastHead = head;
    this.#status = Number(head.slice(9, 12));
    this.#closes = /\r\nconnection:[^\r]*close/i.test(head);
    const length = /\r\ncontent-length:\s*(\d+)/i.exec(head);
    this.#bodyBytesLeft = length === null ? 0 : Number(length[1]);
    if (length === null && /\r\ntransfer-encoding:[^\r]*chunked/i.test(head)) this.#state = 'chunks';
    else if (this.#bodyBytesLeft > 0) this.#state = 'body';
    else this.#onComplete();
  }

  #readBody(at: number, length: number): number {
    const take = Math.min(this.#bodyBytesLeft, length - at);
    this.#bodyBytesLeft -= take;
    this.bodyBytes += take;
    if (this.#bodyBytesLeft === 0) this.#onComplete();
    return at + take;
  }

  /** One request at a time: the last chunk ends what has been read. */
  #readChunks(bytes: Buffer, at: number, length: number): number {
    this.bodyBytes += length - at;
    this.#chunkTail = (this.#chunkTail + bytes.toString('latin1', Math.max(at, length - 7), length)).slice(-7);
    if (this.#chunkTail.endsWith('\r\n0\r\n\r\n') || this.#chunkTail === '0\r\n\r\n') this.#onComplete();
    return length;
  }

  #onComplete(): void {
    this.#state = 'head';
    this.#chunkTail = '';
    this.#complete++;
  }
}
