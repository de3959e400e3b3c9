import type { ConnectionInfo } from '../http/stream-info.ts';
import type { TerminalNetworkFilter } from '../listener/network-filter.ts';
import { bytesOf, chunksOf, type FieldLines, linesOf, type MessageScript } from './message-script.ts';
import { MemoryConnection } from './memory-connection.ts';
import { type ClientResponse, readResponse } from './response-text.ts';
import type { ScriptedUpstreams, UpstreamRequest } from './scripted-upstream.ts';

/** A request as a test writes it. `host: test.example` and the framing are added where they lack. */
export interface RequestScript extends Omit<MessageScript, 'status'> {
  readonly method?: string;
  readonly path?: string;
}

interface CallOptions {
  readonly id: number;
  readonly script: RequestScript;
}

/** One request on a connection of its own, as its client sees it. */
export class FilterCall {
  readonly connection = new MemoryConnection();
  readonly #upstreams: ScriptedUpstreams;
  readonly #firstRequest: number;
  readonly #method: string;
  readonly #chunked: boolean;

  constructor(filter: TerminalNetworkFilter, upstreams: ScriptedUpstreams, { id, script }: CallOptions) {
    const { method = 'GET', path = '/', headers = {}, body, trailers, more = false } = script;
    this.#upstreams = upstreams;
    this.#firstRequest = upstreams.requests.length;
    this.#method = method;
    this.connection.owner = filter.onNewConnection(this.connection, connectionInfo(this.connection, id), { shouldClose: () => false });
    const chunks = chunksOf(body);
    this.#chunked = trailers !== undefined || more || (body !== undefined && chunks.length !== 1);
    const length = chunks.length > 0 && !this.#chunked ? chunks[0]!.length : undefined;
    this.#receive(Buffer.from(head(`${method} ${path} HTTP/1.1`, headers, { chunked: this.#chunked, length }), 'latin1'));
    for (const chunk of chunks) this.#sendChunk(chunk);
    if (this.#chunked && !more) this.#receive(Buffer.from(`0\r\n${lineText(trailers ?? {})}\r\n`, 'latin1'));
  }

  /** The first request that came of it at an upstream. */
  get upstream(): UpstreamRequest | undefined {
    return this.#upstreams.requests[this.#firstRequest];
  }

  /** What has come back so far; undefined before there is a head. */
  get response(): ClientResponse | undefined {
    return readResponse(this.connection.written, { head: this.#method === 'HEAD', closed: this.connection.ended !== 'no' });
  }

  /** More body of a request that was begun with `more`. */
  data(body: string | Uint8Array, end = false): void {
    this.#sendChunk(bytesOf(body));
    if (end) this.#receive(Buffer.from('0\r\n\r\n'));
  }

  /** The client goes away. */
  cut(): void {
    this.connection.break();
  }

  #sendChunk(chunk: Buffer): void {
    const framed = this.#chunked ? [Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')] : [chunk];
    this.#receive(Buffer.concat(framed));
  }

  #receive(bytes: Buffer): void {
    this.connection.receive(bytes);
  }
}

function head(line: string, headers: FieldLines, { chunked, length }: { chunked: boolean; length: number | undefined }): string {
  const host = 'host' in headers ? '' : 'host: test.example\r\n';
  const framing = chunked ? 'transfer-encoding: chunked\r\n' : length === undefined ? '' : `content-length: ${length}\r\n`;
  return `${line}\r\n${host}${lineText(headers)}${framing}\r\n`;
}

function lineText(fields: FieldLines): string {
  return linesOf(fields).map(([name, value]) => `${name}: ${value}\r\n`).join('');
}

function connectionInfo({ local, remote }: MemoryConnection, id: number): ConnectionInfo {
  return {
    id,
    directLocalAddress: local,
    directRemoteAddress: remote,
    localAddress: local,
    remoteAddress: remote,
    requestedServerName: '',
    secure: false,
    tls: undefined,
    transportFailureReason: '',
    listenerName: 'rig',
    filterChainName: '',
    startMs: 0,
    terminationDetails: '',
  };
}
