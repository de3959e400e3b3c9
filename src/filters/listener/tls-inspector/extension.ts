import type { TlsInspector } from '../../../api/generated/envoy/extensions/filters/listener/tls_inspector/v3.ts';
import type { Extension } from '../../../core/extension.ts';
import type { Logger } from '../../../core/log.ts';
import { defineStats, type StatGroup } from '../../../core/stats/stats.ts';
import { type AcceptedSocket, CLOSE, type ListenerFilter, type ListenerFilterReader, WAIT } from '../../../listener/listener-filter.ts';
import { type BoringSslReason, boringSslReason } from '../../../transport/boringssl-reasons.ts';
import type { ClientHello } from '../../../transport/client-hello.ts';
import { ClientHelloReader, type HelloFault, TOO_LARGE } from '../../../transport/client-hello-reader.ts';
import { helloParts, ja3Of, ja4Of } from './fingerprint.ts';

const STATS = defineStats({
  counters: ['alpn_found', 'alpn_not_found', 'client_hello_too_large', 'sni_found', 'sni_not_found', 'tls_found', 'tls_not_found'],
  histograms: ['bytes_processed'],
});

const NAMESPACE = 'envoy.filters.listener.tls_inspector';
/** What a ClientHello calls its version: TLS 1.0 to 1.3. */
const OLDEST_VERSION = 0x0301;
const NEWEST_VERSION = 0x0304;
const DEFAULT_MAX_HELLO_BYTES = 16_384;

/** What BoringSSL says when it has been stopped after a ClientHello. */
const STOPPED = boringSslReason('CONNECTION_REJECTED');

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
    const hello = this.#reader.read(bytes, length);
    if (hello === undefined) return WAIT;
    this.#config.stats.record(STATS.bytes_processed, length);
    if (hello === TOO_LARGE) return this.#tooLarge();
    return 'alert' in hello ? this.#notFound(hello, length) : this.#found(hello);
  }

  #tooLarge(): typeof CLOSE {
    this.#config.stats.inc(STATS.client_hello_too_large);
    return this.#close('ClientHelloTooLarge', 'is larger than max_client_hello_size');
  }

  #notFound({ reason }: HelloFault, length: number): number {
    // A peer that just says that it goes has nothing else to say.
    if (reason === undefined) return CLOSE;
    const { stats, closeOnErrors, maxHelloBytes } = this.#config;
    this.#socket.transportFailureReason = failureText(reason);
    if (closeOnErrors && length >= maxHelloBytes) return this.#tooLarge();
    stats.inc(STATS.tls_not_found);
    if (closeOnErrors) return this.#close('ClientHelloNotDetected', `cannot be read: ${reason.name}`);
    this.#tellFailure('ClientHelloNotDetected');
    return 0;
  }

  #found({ version, serverName, applicationProtocols }: ClientHello): number {
    const { stats } = this.#config;
    this.#takeFingerprints(this.#reader.body);
    stats.inc(serverName === '' ? STATS.sni_not_found : STATS.sni_found);
    this.#socket.requestedServerName = serverName;
    if (version < OLDEST_VERSION || version > NEWEST_VERSION) {
      stats.inc(STATS.tls_not_found);
      this.#socket.transportFailureReason = failureText(STOPPED);
      return this.#close('ClientHelloInvalidTlsVersion', 'is of no version of TLS');
    }
    stats.inc(STATS.tls_found);
    stats.inc(applicationProtocols.length === 0 ? STATS.alpn_not_found : STATS.alpn_found);
    this.#socket.transportProtocol = 'tls';
    this.#socket.applicationProtocols = applicationProtocols;
    return 0;
  }

  #close(failure: string, fault: string): typeof CLOSE {
    const { log } = this.#config;
    this.#tellFailure(failure);
    if (log.enabled('debug')) log.debug(`tls_inspector: ClientHello of ${this.#socket.connection.remote.text} ${fault}`);
    return CLOSE;
  }

  #tellFailure(failure: string): void {
    const metadata = (this.#socket.metadata ??= new Map());
    metadata.set(NAMESPACE, { ...metadata.get(NAMESPACE), failure_reason: failure });
  }

  #takeFingerprints(body: Buffer): void {
    const { takesJa3, takesJa4 } = this.#config;
    // One in the form of SSL 2 has none.
    if ((!takesJa3 && !takesJa4) || body.length === 0) return;
    const parts = helloParts(body);
    if (takesJa3) this.#socket.ja3 = ja3Of(parts);
    if (takesJa4) this.#socket.ja4 = ja4Of(parts);
  }
}

function failureText({ code, name }: BoringSslReason): string {
  return `TLS_error|error:${code.toString(16)}:SSL routines:OPENSSL_internal:${name}:TLS_error_end`;
}
