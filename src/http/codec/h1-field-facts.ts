import { latin1 } from '../../core/latin1.ts';
import { H, type HeaderName } from '../header-name.ts';
import type { HeadLeniency, HeadProblem } from './h1-head.ts';
import { isText } from './h1-grammar.ts';

/** Names that decide about framing or the connection, by id; interned first, so ids are small. */
export const LINE_KIND = { none: 0, connection: 1, contentLength: 2, transferEncoding: 3, host: 4, upgrade: 5, expect: 6, proxyConnection: 7 } as const;
const KIND = new Uint8Array(64);
KIND[H.connection] = LINE_KIND.connection;
KIND[H.contentLength] = LINE_KIND.contentLength;
KIND[H.transferEncoding] = LINE_KIND.transferEncoding;
KIND[H.host] = LINE_KIND.host;
KIND[H.upgrade] = LINE_KIND.upgrade;
KIND[H.expect] = LINE_KIND.expect;
KIND[H.proxyConnection] = LINE_KIND.proxyConnection;

/** The LINE_KIND of a name. */
export function lineKind(id: number): number {
  return id < 64 ? KIND[id]! : LINE_KIND.none;
}

/** In Proxy-Connection, which counts as Connection where it asks for the end. */
const CLOSE = /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i;

const NONE: readonly HeaderName[] = [];

/** What the field lines of one head say about framing and the connection (RFC 9112 §6, §9). */
export class FieldFacts {
  /** -1: no Content-Length. */
  contentLength = -1;
  chunked = false;
  /** A final coding other than chunked was named (`gzip`, `identity`, `chunked, gzip`). */
  unknownTransferEncoding = false;
  hasTransferEncoding = false;
  /** Tokens of Connection; of Proxy-Connection for `close`. */
  connectionClose = false;
  connectionKeepAlive = false;
  connectionUpgrade = false;
  /** Connection names other fields, or there is one: the manager must look. */
  hasConnection = false;
  hasUpgrade = false;
  /** The only Expect that is not empty. */
  expectContinue = false;
  hasExpect = false;
  hostLines = 0;
  /** The inline names that stand on more than one line; as good as always none. */
  repeatedInline: readonly HeaderName[] = NONE;
  /** Names and values of the field lines and three bytes a line, as Envoy's byte meters count them. */
  fieldBytes = 0;
  /** Where the value of the last Host line stands; its end is -1 when there is none. */
  hostStart = 0;
  hostEnd = -1;
  /** The values of several Host lines, joined. */
  hosts: string | undefined = undefined;

  noteRepeated(name: HeaderName): void {
    if (!this.repeatedInline.includes(name)) this.repeatedInline = this.repeatedInline.concat(name);
  }

  /** Learns from a line that matters; what is wrong when it must not stand. */
  note(kind: number, bytes: Buffer, valueStart: number, valueEnd: number, leniency: HeadLeniency): HeadProblem | undefined {
    switch (kind) {
      case LINE_KIND.connection:
        this.hasConnection = true;
        if (isText(bytes, valueStart, valueEnd, 'keep-alive')) this.connectionKeepAlive = true;
        else this.#noteConnection(latin1(bytes, valueStart, valueEnd));
        return undefined;
      case LINE_KIND.contentLength:
        return this.#noteContentLength(bytes, valueStart, valueEnd);
      case LINE_KIND.transferEncoding:
        this.#noteTransferEncoding(latin1(bytes, valueStart, valueEnd));
        return undefined;
      case LINE_KIND.host:
        return this.#noteHost(bytes, valueStart, valueEnd, leniency);
      case LINE_KIND.upgrade:
        this.hasUpgrade = true;
        return undefined;
      case LINE_KIND.proxyConnection:
        if (CLOSE.test(latin1(bytes, valueStart, valueEnd))) this.connectionClose = true;
        return undefined;
      default:
        this.#noteExpect(latin1(bytes, valueStart, valueEnd).toLowerCase());
        return undefined;
    }
  }

  /** A body cannot have two lengths. */
  hasTwoLengths(leniency: HeadLeniency): boolean {
    return this.hasTransferEncoding && this.contentLength !== -1 && !leniency.chunkedLength;
  }

  #noteConnection(value: string): void {
    for (const part of value.toLowerCase().split(',')) {
      const token = part.trim();
      if (token === 'close') this.connectionClose = true;
      else if (token === 'keep-alive') this.connectionKeepAlive = true;
      else if (token === 'upgrade') this.connectionUpgrade = true;
    }
  }

  #noteExpect(value: string): void {
    if (value === '') return;
    this.expectContinue = value === '100-continue' && !this.hasExpect;
    this.hasExpect = true;
  }

  #noteContentLength(bytes: Buffer, valueStart: number, valueEnd: number): HeadProblem | undefined {
    if (valueEnd === valueStart) return 'invalid-content-length';
    let value = 0;
    for (let at = valueStart; at < valueEnd; at++) {
      const digit = bytes[at]! - 48;
      if (digit < 0 || digit > 9) return 'invalid-content-length';
      value = value * 10 + digit;
    }
    // Beyond 2^53 the count is not exact, which no body lives long enough to show; beyond 64 bits it is no length.
    if (value >= 2 ** 64 && BigInt(latin1(bytes, valueStart, valueEnd)) >= 2n ** 64n) return 'invalid-content-length';
    if (this.contentLength !== -1) return 'several-content-lengths';
    this.contentLength = value;
    return undefined;
  }

  #noteTransferEncoding(value: string): void {
    if (this.hasTransferEncoding || value.toLowerCase() !== 'chunked') this.unknownTransferEncoding = true;
    else this.chunked = true;
    this.hasTransferEncoding = true;
  }

  #noteHost(bytes: Buffer, valueStart: number, valueEnd: number, leniency: HeadLeniency): HeadProblem | undefined {
    if (this.hostLines++ > 0 && !leniency.severalHosts) return 'several-hosts';
    if (this.hostLines > 1) this.hosts = `${this.hosts ?? latin1(bytes, this.hostStart, this.hostEnd)},${latin1(bytes, valueStart, valueEnd)}`;
    this.hostStart = valueStart;
    this.hostEnd = valueEnd;
    return undefined;
  }
}
