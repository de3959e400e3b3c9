import { collect } from './message-script.ts';

/** A response as the client has it so far. */
export interface ClientResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The body as latin1 text. */
  readonly text: string;
  readonly trailers: Readonly<Record<string, string>> | undefined;
  /** All of it is here. */
  readonly ended: boolean;
}

/** Reads one response of HTTP/1.1 from the beginning of what was written; undefined until its head is complete. */
export function readResponse(written: string, { head, closed }: { head: boolean; closed: boolean }): ClientResponse | undefined {
  const end = written.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const status = Number(written.slice(9, 12));
  if (status < 200 && status !== 101) return readResponse(written.slice(end + 4), { head, closed });
  const headers = readLines(written.slice(0, end).split('\r\n').slice(1));
  const rest = written.slice(end + 4);
  const bodiless = head || status === 204 || status === 304;
  const content = bodiless ? { text: '', trailers: undefined, ended: true } : readContent(rest, headers, closed);
  return { status, headers, ...content, body: Buffer.from(content.text, 'latin1') };
}

type Content = Pick<ClientResponse, 'text' | 'trailers' | 'ended'>;

function readContent(rest: string, headers: Readonly<Record<string, string>>, closed: boolean): Content {
  const length = headers['content-length'];
  if (headers['transfer-encoding'] === 'chunked') return readChunks(rest);
  if (length === undefined) return { text: rest, trailers: undefined, ended: closed };
  return { text: rest.slice(0, Number(length)), trailers: undefined, ended: rest.length >= Number(length) };
}

function readChunks(rest: string): Content {
  let text = '';
  for (let at = 0; ; ) {
    const line = rest.indexOf('\r\n', at);
    if (line < 0) return { text, trailers: undefined, ended: false };
    const size = Number.parseInt(rest.slice(at, line), 16);
    if (size === 0) return { text, ...readTrailers(rest.slice(line + 2)) };
    text += rest.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}

function readTrailers(rest: string): Pick<Content, 'trailers' | 'ended'> {
  if (rest.startsWith('\r\n')) return { trailers: undefined, ended: true };
  const end = rest.indexOf('\r\n\r\n');
  return end < 0 ? { trailers: undefined, ended: false } : { trailers: readLines(rest.slice(0, end).split('\r\n')), ended: true };
}

function readLines(lines: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    collect(fields, line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return fields;
}
