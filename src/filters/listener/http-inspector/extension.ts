import type { HttpInspector } from '../../../api/generated/envoy/extensions/filters/listener/http_inspector/v3.ts';
import type { Extension } from '../../../core/extension.ts';
import type { Logger } from '../../../core/log.ts';
import { defineStats, type StatGroup } from '../../../core/stats/stats.ts';
import { isTarget } from '../../../http/codec/h1-target.ts';
import { type AcceptedSocket, CLOSE, type ListenerFilter, type ListenerFilterReader, WAIT } from '../../../listener/listener-filter.ts';

const STATS = defineStats({ counters: ['http10_found', 'http11_found', 'http2_found', 'http_not_found', 'read_error'] });

/** Whoever has sent as much and no end of a line is sent away. */
export const MAX_LINE_BYTES = 65_536;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
/** RFC 9110 §5.6.2, a space, and no line end before the version. */
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([^\0\r\n ]+)(?: HTTP\/(\d\.\d))?$/;
const METHOD_START = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+(?: [^\0\r\n]*)?$/;

export const httpInspectorExtension: Extension<HttpInspector, ListenerFilter> = {
  name: 'envoy.filters.listener.http_inspector',
  category: 'envoy.filters.listener',
  configType: 'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector',
  compile(_message, _at, context) {
    const stats = context.stats.group('http_inspector', STATS);
    const log = context.log.component('filter');
    // What is encrypted is not looked at.
    return { open: (socket) => (socket.transportProtocol === 'tls' ? undefined : new Inspection(stats, log, socket)) };
  },
};

class Inspection implements ListenerFilterReader {
  readonly #stats: StatGroup;
  readonly #log: Logger;
  readonly #socket: AcceptedSocket;
  /** No line end stands before this place. */
  #searched = 0;

  constructor(stats: StatGroup, log: Logger, socket: AcceptedSocket) {
    this.#stats = stats;
    this.#log = log;
    this.#socket = socket;
  }

  onData(bytes: Buffer, length: number): number {
    const start = bytes.toString('latin1', 0, Math.min(length, PREFACE.length));
    if (PREFACE.startsWith(start)) return length >= PREFACE.length ? this.#found('http2_found', 'h2c') : WAIT;
    if (this.#searched === 0 && !METHOD_START.test(start.split(/\r?\n/, 1)[0]!)) return this.#notFound();
    const end = bytes.subarray(0, length).indexOf(0x0a, this.#searched);
    if (end < 0) {
      this.#searched = length;
      return length < MAX_LINE_BYTES ? WAIT : this.#tooLong();
    }
    const line = bytes.toString('latin1', 0, end > 0 && bytes[end - 1] === 0x0d ? end - 1 : end);
    const parsed = REQUEST_LINE.exec(line);
    if (parsed === null || !isTarget(parsed[1]!, parsed[2]!)) return this.#notFound();
    // Whatever is not 1.1 counts as 1.0, as Envoy's parser has it.
    return parsed[3] === '1.1' ? this.#found('http11_found', 'http/1.1') : this.#found('http10_found', 'http/1.0');
  }

  #found(counter: 'http10_found' | 'http11_found' | 'http2_found', protocol: string): number {
    this.#stats.inc(STATS[counter]);
    this.#socket.applicationProtocols = [protocol];
    return 0;
  }

  #tooLong(): typeof CLOSE {
    this.#stats.inc(STATS.read_error);
    if (this.#log.enabled('debug')) this.#log.debug(`http_inspector: the first line of ${this.#socket.connection.remote.text} does not end within ${MAX_LINE_BYTES} bytes`);
    return CLOSE;
  }

  #notFound(): number {
    this.#stats.inc(STATS.http_not_found);
    return 0;
  }
}
