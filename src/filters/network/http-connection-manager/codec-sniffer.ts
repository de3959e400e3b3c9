import { PREFACE } from '../../../http/codec/h2/frame.ts';

/** So much of the preface makes HTTP/2, as in Envoy: `PRI * HTTP/2`. */
const TELLING_BYTES = 12;

/** Tells HTTP/2 from HTTP/1 by how the connection begins. */
export class CodecSniffer {
  #matched = 0;

  /** What earlier calls left undecided: the first bytes of the connection, before those of the deciding call. */
  get held(): Buffer {
    return Buffer.from(PREFACE.slice(0, this.#matched), 'latin1');
  }

  /** Undefined: more bytes are needed. */
  sniff(bytes: Buffer, length: number): 'http1' | 'http2' | undefined {
    const before = this.#matched;
    for (let at = 0; at < length; at++) {
      if (before + at === TELLING_BYTES) return 'http2';
      if (bytes[at] !== PREFACE.charCodeAt(before + at)) return 'http1';
    }
    if (before + length >= TELLING_BYTES) return 'http2';
    this.#matched = before + length;
    return undefined;
  }
}
