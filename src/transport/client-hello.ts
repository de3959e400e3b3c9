/** What a ClientHello says, as far as a filter chain can ask for it. */
export interface ClientHello {
  /** What it calls its version; newer ones hide behind TLS 1.2. */
  readonly version: number;
  /** In lower case; '' for none. */
  readonly serverName: string;
  readonly applicationProtocols: readonly string[];
  readonly offersTls13: boolean;
}

const EXTENSION_SERVER_NAME = 0;
const EXTENSION_ALPN = 16;
const EXTENSION_SUPPORTED_VERSIONS = 43;
const TLS13 = 0x0304;

/** The body of the message, without its header; undefined when its lengths contradict each other. */
export function parseClientHello(body: Buffer): ClientHello | undefined {
  const cursor = new Cursor(body);
  const version = cursor.uint16();
  cursor.skip(32);
  cursor.skip(cursor.uint8());
  const cipherBytes = cursor.uint16();
  cursor.skip(cipherBytes);
  cursor.skip(cursor.uint8());
  if (cursor.failed || cipherBytes < 2 || cipherBytes % 2 !== 0) return undefined;
  let serverName = '';
  let applicationProtocols: readonly string[] = [];
  let offersTls13 = false;
  if (cursor.left === 0) return { version, serverName, applicationProtocols, offersTls13 };
  const extensions = cursor.slice(cursor.uint16());
  const seen = new Set<number>();
  if (cursor.left > 0) return undefined;
  while (extensions.left > 0) {
    const type = extensions.uint16();
    const data = extensions.slice(extensions.uint16());
    // None stands twice (RFC 8446 §4.2).
    if (extensions.failed || seen.size === seen.add(type).size) return undefined;
    if (type === EXTENSION_SERVER_NAME) {
      const name = parseServerName(data);
      if (name === undefined) return undefined;
      serverName = name;
    } else if (type === EXTENSION_ALPN) {
      applicationProtocols = parseProtocols(data);
    } else if (type === EXTENSION_SUPPORTED_VERSIONS) {
      offersTls13 = namesTls13(data);
    }
  }
  return cursor.failed ? undefined : { version, serverName, applicationProtocols, offersTls13 };
}

/** The form of SSL 2, without its length: undefined when its lengths contradict each other. It has no extensions. */
export function parseHelloOfSsl2(body: Buffer): ClientHello | undefined {
  const cursor = new Cursor(body);
  cursor.skip(1);
  const version = cursor.uint16();
  const cipherBytes = cursor.uint16();
  const otherBytes = cursor.uint16() + cursor.uint16();
  cursor.skip(cipherBytes + otherBytes);
  const isWhole = !cursor.failed && cursor.left === 0 && cipherBytes % 3 === 0;
  return isWhole ? { version, serverName: '', applicationProtocols: NO_PROTOCOLS, offersTls13: false } : undefined;
}

/** One name of type host_name (RFC 6066 §3). */
function parseServerName(data: Cursor): string | undefined {
  const list = data.slice(data.uint16());
  const type = list.uint8();
  const length = list.uint16();
  const name = list.text(length);
  const isWhole = !data.failed && !list.failed && data.left === 0 && list.left === 0;
  if (!isWhole || type !== 0 || length === 0 || length > 255 || name.includes('\0')) return undefined;
  return name.toLowerCase();
}

/** RFC 7301 §3.1. What is wrong with them is left to the handshake: then there are none. */
function parseProtocols(data: Cursor): readonly string[] {
  const list = data.slice(data.uint16());
  if (data.failed || data.left > 0) return NO_PROTOCOLS;
  const names: string[] = [];
  while (list.left > 0) {
    const name = list.text(list.uint8());
    if (list.failed || name === '') return NO_PROTOCOLS;
    names.push(name);
  }
  return names;
}

/** RFC 8446 §4.2.1. */
function namesTls13(data: Cursor): boolean {
  const versions = data.slice(data.uint8());
  while (versions.left > 1) if (versions.uint16() === TLS13) return true;
  return false;
}

const NO_PROTOCOLS: readonly string[] = [];

/** Reads on after an end without throwing, and remembers it. */
export class Cursor {
  failed = false;
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  uint8(): number {
    return this.#number(1);
  }

  uint16(): number {
    return this.#number(2);
  }

  skip(count: number): void {
    if (count > this.left) this.failed = true;
    else this.#at += count;
  }

  slice(count: number): Cursor {
    return new Cursor(this.bytes(count));
  }

  bytes(count: number): Buffer {
    const start = this.#at;
    this.skip(count);
    return this.#bytes.subarray(start, this.#at);
  }

  text(count: number): string {
    const start = this.#at;
    this.skip(count);
    return this.#bytes.toString('latin1', start, this.#at);
  }

  #number(count: number): number {
    const start = this.#at;
    this.skip(count);
    return this.#at === start ? 0 : this.#bytes.readUIntBE(start, count);
  }
}
