import type { Counter, StatGroup } from '../core/stats/stats.ts';
import type { TlsSession } from '../transport/tls.ts';
import { TLS_FAILED } from '../transport/tls.ts';
import type { TransportError } from '../transport/transport.ts';
import { SOCKET_FACTORY_STATS, SSL_STATS } from './stats.ts';

/** Counts the handshakes of one listener or cluster. */
export class HandshakeStats {
  readonly #group: StatGroup;
  readonly #factory: StatGroup;
  readonly #counters = new Map<string, Counter>();

  constructor(group: StatGroup, factory: StatGroup) {
    this.#group = group;
    this.#factory = factory;
  }

  onHandshake(session: TlsSession): void {
    this.#group.inc(SSL_STATS.handshake);
    if (session.resumed) this.#group.inc(SSL_STATS.session_reused);
    this.#named(`ciphers.${session.cipher}`);
    this.#named(`versions.${session.version}`);
    if (session.group !== '') this.#named(`curves.${session.group}`);
    if (session.peerCertificate === undefined) this.#group.inc(SSL_STATS.no_certificate);
  }

  onRefused(stat: 'fail_verify_error' | 'fail_verify_san' | 'fail_verify_cert_hash'): void {
    this.#group.inc(SSL_STATS[stat]);
  }

  /** What is not a fault of the peer's certificate, and not just its absence. */
  onFailed(error: TransportError): void {
    if (error.code !== TLS_FAILED) return;
    if (error.message === 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE') this.#group.inc(SSL_STATS.fail_verify_no_cert);
    else this.#group.inc(SSL_STATS.connection_error);
  }

  /** What has come was no handshake. */
  onRefusedBytes(): void {
    this.#group.inc(SSL_STATS.connection_error);
  }

  onSecretsNotReady(side: 'downstream' | 'upstream'): void {
    this.#factory.inc(SOCKET_FACTORY_STATS[`${side}_context_secrets_not_ready`]);
  }

  #named(name: string): void {
    let counter = this.#counters.get(name);
    if (counter === undefined) this.#counters.set(name, (counter = this.#group.counter(name)));
    counter.inc();
  }
}
