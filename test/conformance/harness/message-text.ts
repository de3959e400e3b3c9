/** Just enough HTTP/1.1 to see where a message ends. Lenient on purpose: cases send and receive broken messages. */

export interface Extent {
  /** Index after the blank line. */
  readonly headEnd: number;
  /** Index after the message, -1 while it is incomplete. */
  readonly end: number;
  readonly startLine: string;
}

export interface Framing {
  readonly kind: 'request' | 'response';
  /** Method of the request that a response answers. */
  readonly method: string;
  /** The peer has closed: a message without length ends here. */
  readonly closed: boolean;
}

const headOf = (text: string, from: number): number => {
  const end = text.indexOf('\r\n\r\n', from);
  return end < 0 ? -1 : end + 4;
};

const headerOf = (head: string, name: string): string | undefined =>
  new RegExp(`^${name}:[ \\t]*(.*?)[ \\t]*\\r?$`, 'im').exec(head)?.[1];

const chunkedEnd = (text: string, from: number): number => {
  let at = from;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return -1;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (!(size > 0)) break;
    at = lineEnd + 2 + size + 2;
    if (at > text.length) return -1;
  }
  // After the last chunk come trailer lines and an empty line.
  const lastLineEnd = text.indexOf('\r\n', at);
  if (text.startsWith('\r\n', lastLineEnd + 2)) return lastLineEnd + 4;
  return headOf(text, lastLineEnd);
};

/** A chunk as this is written: its size in small hexadecimal digits without zeros before them, and nothing else on the line. */
const PLAIN_CHUNK = /([1-9a-f][0-9a-f]*)\r\n/y;

/** The plain chunks from `from` on, as one: `[after them, their data]`. */
const plainChunks = (text: string, from: number): [number, string] => {
  let data = '';
  let at = from;
  for (;;) {
    PLAIN_CHUNK.lastIndex = at;
    const size = PLAIN_CHUNK.exec(text)?.[1];
    if (size === undefined) return [at, data];
    const start = at + size.length + 2;
    const end = start + Number.parseInt(size, 16);
    if (!text.startsWith('\r\n', end)) return [at, data];
    data += text.slice(start, end);
    at = end + 2;
  }
};

/**
 * The same bytes with the chunks of each body joined into one: where a chunk ends depends on how the bytes happened to be
 * read, and an intermediary may cut them anew (RFC 9112 §7.1).
 */
export const joinChunks = (text: string, framing: Framing, methods: readonly string[] = []): string => {
  let joined = '';
  for (let at = 0, answered = 0; ; ) {
    const extent = messageExtent(text, at, { ...framing, method: methods[answered] ?? 'GET' });
    if (extent === undefined) return joined + text.slice(at);
    joined += text.slice(at, extent.headEnd);
    const chunked = /chunked/i.test(headerOf(text.slice(at, extent.headEnd), 'transfer-encoding') ?? '');
    const [after, data] = chunked && extent.end !== extent.headEnd ? plainChunks(text, extent.headEnd) : [extent.headEnd, ''];
    if (data !== '') joined += `${data.length.toString(16)}\r\n${data}\r\n`;
    joined += text.slice(after, extent.end < 0 ? text.length : extent.end);
    if (extent.end < 0) return joined;
    at = extent.end;
    if (!/^HTTP\/\S+ 1/.test(extent.startLine)) answered += 1;
  }
};

const bodyless = (status: number, method: string): boolean =>
  (status >= 100 && status < 200) || status === 204 || status === 304 || method === 'HEAD' || (method === 'CONNECT' && status === 200);

/** The message that starts at `from`, or undefined while its head is incomplete. */
export const messageExtent = (text: string, from: number, framing: Framing): Extent | undefined => {
  const headEnd = headOf(text, from);
  if (headEnd < 0) return undefined;
  const head = text.slice(from, headEnd);
  const startLine = head.slice(0, head.search(/\r?\n/));
  const extent = (end: number): Extent => ({ headEnd, end: end > text.length ? -1 : end, startLine });
  const status = framing.kind === 'response' ? Number(startLine.split(' ')[1]) : 0;
  if (framing.kind === 'response' && bodyless(status, framing.method)) return extent(headEnd);
  if (/chunked/i.test(headerOf(head, 'transfer-encoding') ?? '')) return extent(chunkedEnd(text, headEnd));
  const length = Number.parseInt(headerOf(head, 'content-length') ?? '', 10);
  if (length >= 0) return extent(headEnd + length);
  if (framing.kind === 'request') return extent(headEnd);
  return extent(framing.closed ? text.length : -1);
};

export interface Progress {
  readonly finals: number;
  readonly interims: number;
}

/** How many complete responses `text` holds; `methods` are those of the requests in order. */
export const responsesIn = (text: string, methods: readonly string[], closed: boolean): Progress => {
  let finals = 0;
  let interims = 0;
  for (let at = 0; at < text.length; ) {
    const extent = messageExtent(text, at, { kind: 'response', method: methods[finals] ?? 'GET', closed });
    if (extent === undefined || extent.end < 0) break;
    const status = Number(extent.startLine.split(' ')[1]);
    if (status >= 100 && status < 200 && status !== 101) interims += 1;
    else finals += 1;
    at = extent.end;
  }
  return { finals, interims };
};
