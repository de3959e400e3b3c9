import type { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { UpstreamTlsContext } from '../api/generated/envoy/extensions/transport_sockets/tls/v3.ts';
import type { Clock } from '../core/clock.ts';
import type { CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';
import type { UpstreamSocketOptions, UpstreamTransportSocket } from '../transport/transport-socket.ts';
import { TLS_FAILED, type TlsHandshake, type TlsSession } from '../transport/tls.ts';
import type { Address, ConnectingOwner, Connection, TransportError, Transport } from '../transport/transport.ts';
import { ClientSessions, type KeptSession } from './client-sessions.ts';
import { type CommonTls, compileCommon, contextOptions } from './common.ts';
import { ConnectionTls } from './connection-info.ts';
import { failureReason, refusalReason, SECRET_NOT_SUPPLIED } from './failure-reason.ts';
import { HandshakeStats } from './handshake-stats.ts';
import type { NamedSecrets } from './named-secrets.ts';
import { judgePeer, type PeerFault, type RequiredNames } from './peer-rules.ts';
import { type Compiled, ReloadableContext } from './reloadable-context.ts';
import { SOCKET_FACTORY_STATS, SSL_STATS } from './stats.ts';

/** What is made from files and secrets, and made anew when these change. */
interface Used {
  readonly common: CommonTls;
  readonly context: SecureContext;
  /** To resume. */
  readonly sessions: ClientSessions;
}

export interface UpstreamTlsPlace {
  readonly at: ConfigPath;
  readonly context: CompileContext;
  /** `cluster.<name>` */
  readonly statScope: string;
}

/** Undefined after reporting what leaves nothing to connect with. */
export function compileUpstreamTls(message: UpstreamTlsContext, { at, context, statScope }: UpstreamTlsPlace): UpstreamTls | undefined {
  const factoryScope = `${statScope}.client_ssl_socket_factory`;
  const used = ReloadableContext.compile({ context, statScope, factoryScope }, (secrets, inside) => compileUsed(message, at, secrets, inside));
  if (used === undefined) return undefined;
  if (message.allowRenegotiation) context.error(at.field('allow_renegotiation'), 'not supported: Node.js refuses renegotiation; servers that need it can ask for the certificate in the first handshake');
  if (message.autoSniSanValidation && message.commonTlsContext?.validationContextType.case === undefined) {
    context.error(at, "'auto_sni_san_validation' was configured without a validation context");
  }
  const stats = new HandshakeStats(context.stats.group(`${statScope}.ssl`, SSL_STATS), context.stats.group(factoryScope, SOCKET_FACTORY_STATS));
  return new UpstreamTls(message, used, { stats, clock: context.clock });
}

function compileUsed(message: UpstreamTlsContext, at: ConfigPath, secrets: NamedSecrets, context: CompileContext): Compiled<Used> | undefined {
  const commonAt = at.field('common_tls_context');
  const common = compileCommon(message.commonTlsContext, 'client', commonAt, secrets, context);
  const { tlsCertificates = [], tlsCertificateSdsSecretConfigs: named = [] } = message.commonTlsContext ?? {};
  if (tlsCertificates.length + named.length > 1) context.error(commonAt, 'Multiple TLS certificates are not supported for client contexts');
  if (!common.isReady) return { common, made: undefined };
  try {
    const secureContext = createSecureContext(contextOptions(common, common.identities));
    return { common, made: { common, context: secureContext, sessions: new ClientSessions(message.maxSessionKeys ?? 1) } };
  } catch (error) {
    context.error(commonAt, `Failed to make a TLS context: ${(error as Error).message}`);
    return undefined;
  }
}

/** The TLS transport socket of a cluster. */
export class UpstreamTls implements UpstreamTransportSocket {
  readonly stats: HandshakeStats;
  readonly clock: Clock;
  readonly #serverName: string;
  readonly #autoHostSni: boolean;
  readonly #autoSanValidation: boolean;
  readonly #used: ReloadableContext<Used>;

  constructor(message: UpstreamTlsContext, used: ReloadableContext<Used>, { stats, clock }: Pick<UpstreamTls, 'stats' | 'clock'>) {
    this.#serverName = message.sni;
    this.#autoHostSni = message.autoHostSni;
    this.#autoSanValidation = message.autoSniSanValidation;
    this.#used = used;
    this.stats = stats;
    this.clock = clock;
  }

  connect(transport: Transport, address: Address, options: UpstreamSocketOptions, owner: ConnectingOwner): Connection {
    const used = this.#used.made;
    if (used === undefined) return this.#refuse(transport, address, options, owner);
    const { hostName = '' } = options;
    const serverName = options.serverName ?? (this.#autoHostSni && hostName !== '' ? hostName : this.#serverName);
    const names = this.#namesOf(serverName, options);
    const handshake = new ClientHandshake(this, { used, serverName, names, options });
    return transport.connect(address, { ...options.connect, tls: handshake }, owner);
  }

  /** As Envoy, which notices when the socket stands. */
  #refuse(transport: Transport, address: Address, options: UpstreamSocketOptions, owner: ConnectingOwner): Connection {
    this.stats.onSecretsNotReady('upstream');
    const refused = new RefusedConnection(owner);
    refused.connection = transport.connect(address, options.connect, refused);
    return refused.connection;
  }

  #namesOf(serverName: string, options: UpstreamSocketOptions): RequiredNames | undefined {
    if (options.subjectAltNames !== undefined) return { names: options.subjectAltNames, byMatcher: false };
    return this.#autoSanValidation && serverName !== '' ? { names: [serverName], byMatcher: true } : undefined;
  }
}

/** Ends as soon as it stands, because there is nothing to speak TLS with. */
class RefusedConnection implements ConnectingOwner {
  connection: Connection | undefined;
  readonly #owner: ConnectingOwner;

  constructor(owner: ConnectingOwner) {
    this.#owner = owner;
  }

  onConnected(): void {
    this.connection!.destroy();
  }

  onBytes(): void {}
  onEnd(): void {}
  onDrained(): void {}

  onClosed(error: TransportError | undefined): void {
    this.#owner.onClosed(error ?? { code: TLS_FAILED, message: SECRET_NOT_SUPPLIED });
  }
}

interface ClientHandshakeParts {
  readonly used: Used;
  readonly serverName: string;
  readonly names: RequiredNames | undefined;
  readonly options: UpstreamSocketOptions;
}

const NO_CERTIFICATE: PeerFault = { stat: 'fail_verify_error', reason: 'verify cert failed: no certificate' };

class ClientHandshake implements TlsHandshake {
  readonly side = 'client';
  readonly context: SecureContext;
  readonly applicationProtocols: readonly string[];
  readonly serverName: string;
  readonly session: Buffer | undefined;
  readonly clientCertificate = 'none';
  readonly #socket: UpstreamTls;
  readonly #used: Used;
  readonly #names: RequiredNames | undefined;
  readonly #options: UpstreamSocketOptions;
  /** Sessions are kept apart by whom they were made with, and by what the peer had to be. */
  readonly #sessionKey: string;
  #refusal: string | undefined;
  #startMs = 0;
  readonly #kept: KeptSession | undefined;
  /** Known once it was judged. */
  #peer: X509Certificate | undefined;
  /** One that came before the peer was judged. */
  #early: Buffer | undefined;

  constructor(socket: UpstreamTls, { used, serverName, names, options }: ClientHandshakeParts) {
    this.#socket = socket;
    this.#used = used;
    this.#names = names;
    this.#options = options;
    this.context = used.context;
    this.applicationProtocols = used.common.applicationProtocols.length > 0 ? used.common.applicationProtocols : options.applicationProtocols ?? [];
    // A server name is a DNS name (RFC 6066 §3), and Node would not send an address.
    this.serverName = serverName;
    this.#sessionKey = names === undefined ? serverName : JSON.stringify([serverName, names]);
    this.#kept = used.sessions.take(this.#sessionKey);
    this.session = this.#kept?.session;
  }

  onStart(): void {
    this.#startMs = this.#socket.clock.monotonicMs();
  }

  judge(session: TlsSession): TransportError | undefined {
    const { rules, identities } = this.#used.common;
    if (session.resumed && this.#kept !== undefined) session.recallPeer(this.#kept.peer);
    const leaf = session.peerCertificate;
    const fault = rules === undefined ? undefined : leaf === undefined ? NO_CERTIFICATE : judgePeer(rules, { session, leaf, names: this.#names, nowMs: this.#socket.clock.wallMs() });
    if (fault !== undefined) this.#socket.stats.onRefused(fault.stat);
    if (fault !== undefined && rules?.acceptUntrusted !== true) {
      this.#refusal = refusalReason(fault.reason);
      return { code: TLS_FAILED, message: this.#refusal };
    }
    this.#peer = leaf;
    this.#socket.stats.onHandshake(session);
    // One of TLS 1.2 may serve again.
    const again = this.#early ?? (session.resumed && session.version === 'TLSv1.2' ? this.session : undefined);
    if (again !== undefined) this.onSession(again);
    const peerIsValidated = rules !== undefined && rules.trustedCa !== '' && session.untrusted === undefined;
    this.#options.onTls?.(new ConnectionTls(session, { peerIsValidated, local: identities[0]?.info, trusted: rules?.trusted ?? [], startMs: this.#startMs, endMs: this.#socket.clock.monotonicMs() }));
    return undefined;
  }

  onFailed(error: TransportError): TransportError {
    if (this.#refusal === undefined) this.#socket.stats.onFailed(error);
    const reason = this.#refusal ?? failureReason(error);
    return { code: reason === '' ? error.code : TLS_FAILED, message: reason };
  }

  onSession(session: Buffer): void {
    if (this.#peer !== undefined) this.#used.sessions.keep(this.#sessionKey, { session, peer: this.#peer });
    else this.#early = session;
  }
}
