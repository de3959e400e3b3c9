import type { TlsInspector } from '../../../api/generated/envoy/extensions/filters/listener/tls_inspector/v3.ts';
import type { Extension } from '../../../core/extension.ts';
import type { Logger } from '../../../core/log.ts';
import { defineStats, type StatGroup } from '../../../core/stats/stats.ts';
import { type AcceptedSocket, CLOSE, type ListenerFilter, type ListenerFilterReader, WAIT } from '../../../listener/listener-filter.ts';
import { boringSslReason } from '../../../transport/boringssl-reasons.ts';
import { type ClientHello, ClientHelloReader, INVALID, NOT_TLS, TOO_LARGE } from '../../../transport/client-hello.ts';
import { type FirstRecordFault, firstRecordFault, isHelloOfSsl2, recordFault } from '../../../transport/first-record.ts';
import { helloParts, ja3Of, ja4Of } from './fingerprint.ts';

const STATS = defineStats({
  counters: ['alpn_found', 'alpn_not_found', 'client_hello_too_large', 'sni_found', 'sni_not_found', 'tls_found', 'tls_not_found'],
  histograms: ['bytes_processed'],
});

const RECORD_HEADER_BYTES = 5;
const RECORD_ALERT = 21;
const NO_PROTOCOLS: readonly string[] = [];
/** Of a ClientHello whose parts contradict each other. */
const UNREADABLE: FirstRecordFault = { reason: boringSslReason('CLIENTHELLO_PARSE_FAILED'), alert: 0 };
/** What a ClientHello calls its version: TLS 1.0 to 1.3. */
const OLDEST_VERSION = 0x0301;
const NEWEST_VERSION = 0x0304;
const DEFAULT_MAX_HELLO_BYTES = 16_384;

export const tlsInspectorExtension: Extension<TlsInspector, ListenerFilter> = {
  name: 'envoy.filters.listener.tls_inspector',
  category: 'envoy.filters.listener',
  configType: 'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector',
  compile(message, _at, context) {
    const config: InspectorConfig = {
      log: context.log.component('filter'),
      stats: context.stats.group('tls_inspector', STATS),
      maxHelloBytes: message.maxClientHelloSize ?? DEFAULT_MAX_HELLO_BYTES,
      closeOnErrors: message.closeConnectionOnClientHelloParsingErrors,
      takesJa3: message.enableJa3Fingerprinting ?? false,
      takesJa4: message.enableJa4Fingerprinting ?? false,
    };
    return { open: (socket) => new Inspection(config, socket) };
  },
};

interface InspectorConfig {
  readonly log: Logger;
  readonly stats: StatGroup;
  readonly maxHelloBytes: number;
  readonly closeOnErrors: boolean;
  readonly takesJa3: boolean;
  readonly takesJa4: boolean;
}

class Inspection implements ListenerFilterReader {
  readonly #config: InspectorConfig;
  readonly #socket: AcceptedSocket;
  readonly #reader: ClientHelloReader;

  constructor(config: InspectorConfig, socket: AcceptedSocket) {
    this.#config = config;
    this.#socket = socket;
    this.#reader = new ClientHelloReader(config.maxHelloBytes);
  }

  onData(bytes: Buffer, length: number): number {
    if (length < RECORD_HEADER_BYTES) return WAIT;
    const received = bytes.subarray(0, length);
    const fault = firstRecordFault(received);
    if (fault !== undefined) return this.#notFound(fault, length);
    if (bytes[0] === RECORD_ALERT) return WAIT;
    if (isHelloOfSsl2(received)) return length < 2 + (bytes.readUInt16BE(0) & 0x7fff) ? WAIT : this.#foundTls(length, NO_PROTOCOLS, '');
    const hello = this.#reader.read(bytes, length);
    if (hello === undefined) return WAIT;
    if (hello === TOO_LARGE) return this.#tooLarge(length);
    if (hello === NOT_TLS) return this.#notFound(recordFault(received) ?? UNREADABLE, length);
    if (hello === INVALID) return this.#invalid(received);
    return this.#found(hello, length);
  }

  #tooLarge(length: number): number {
    const { stats } = this.#config;
    stats.record(STATS.bytes_processed, length);
    stats.inc(STATS.client_hello_too_large);
    this.#say('is larger than max_client_hello_size');
    return CLOSE;
  }

  #invalid(received: Buffer): number {
    const { badRecordAt } = this.#reader;
    if (badRecordAt < 0) {
      this.#say('cannot be read');
      return this.#notFound(UNREADABLE, received.length);
    }
    const fault = recordFault(received.subarray(badRecordAt));
    return fault === undefined ? WAIT : this.#notFound(fault, received.length);
  }

  /** A peer that just says that it goes has nothing else to say. */
  #notFound({ reason }: FirstRecordFault, length: number): number {
    if (reason === undefined) return CLOSE;
    const { stats, closeOnErrors } = this.#config;
    stats.record(STATS.bytes_processed, length);
    stats.inc(STATS.tls_not_found);
    this.#socket.transportFailureReason = `TLS_error|error:${reason.code.toString(16)}:SSL routines:OPENSSL_internal:${reason.name}:TLS_error_end`;
    return closeOnErrors ? CLOSE : 0;
  }

  #say(fault: string): void {
    const { log } = this.#config;
    if (log.enabled('debug')) log.debug(`tls_inspector: ClientHello of ${this.#socket.connection.remote.text} ${fault}`);
  }

  #found({ serverName, applicationProtocols }: ClientHello, length: number): number {
    const { stats } = this.#config;
    const { body } = this.#reader;
    this.#takeFingerprints(body);
    const version = body.readUInt16BE(0);
    if (version >= OLDEST_VERSION && version <= NEWEST_VERSION) return this.#foundTls(length, applicationProtocols, serverName);
    this.#tellName(length, serverName);
    stats.inc(STATS.tls_not_found);
    this.#say('is of no version of TLS');
    return CLOSE;
  }

  #tellName(length: number, serverName: string): void {
    const { stats } = this.#config;
    stats.record(STATS.bytes_processed, length);
    stats.inc(serverName === '' ? STATS.sni_not_found : STATS.sni_found);
    this.#socket.requestedServerName = serverName;
  }

  #foundTls(length: number, applicationProtocols: readonly string[], serverName: string): number {
    const { stats } = this.#config;
    this.#tellName(length, serverName);
    stats.inc(STATS.tls_found);
    stats.inc(applicationProtocols.length === 0 ? STATS.alpn_not_found : STATS.alpn_found);
    this.#socket.transportProtocol = 'tls';
    this.#socket.applicationProtocols = applicationProtocols;
    return 0;
  }

  #takeFingerprints(body: Buffer): void {
    const { takesJa3, takesJa4 } = this.#config;
    if (!takesJa3 && !takesJa4) return;
    const parts = helloParts(body);
    if (takesJa3) this.#socket.ja3 = ja3Of(parts);
    if (takesJa4) this.#socket.ja4 = ja4Of(parts);
  }
}
