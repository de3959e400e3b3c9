import { constants } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import { DownstreamTlsContext_OcspStaplePolicy as Ocsp, type DownstreamTlsContext } from '../api/generated/envoy/extensions/transport_sockets/tls/v3.ts';
import type { Clock } from '../core/clock.ts';
import { durationMs } from '../core/durations.ts';
import type { CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';
import type { ClientHello } from '../transport/client-hello.ts';
import { alertRecord, ClientHelloReader, type HelloFault, TOO_LARGE, UNREADABLE } from '../transport/client-hello-reader.ts';
import type { DownstreamSocketInfo, DownstreamTransportSocket } from '../transport/transport-socket.ts';
import { TLS_FAILED, type TlsHandshake, type TlsSession, type TlsUpgrade } from '../transport/tls.ts';
import type { ConnectingOwner, Connection, ConnectionOwner, TransportError } from '../transport/transport.ts';
import type { Identity } from './certificate.ts';
import type { X509Info } from './certificate-info.ts';
import { type CommonTls, compileCommon, sessionContextOf } from './common.ts';
import { ConnectionTls } from './connection-info.ts';
import { failureReason, helloFaultReason, refusalReason, SECRET_NOT_SUPPLIED } from './failure-reason.ts';
import { HandshakeStats } from './handshake-stats.ts';
import { TLS_MATERIAL } from './material.ts';
import type { NamedSecrets } from './named-secrets.ts';
import { clientCertificateOf, judgePeer, NO_RULES } from './peer-rules.ts';
import { type Compiled, ReloadableContext } from './reloadable-context.ts';
import { ServerContexts } from './server-contexts.ts';
import { SOCKET_FACTORY_STATS, SSL_STATS } from './stats.ts';
import { compileTicketKeys, derivedTicketKeys } from './ticket-keys.ts';

/** What is made from files and secrets, and made anew when these change. */
interface Served {
  readonly common: CommonTls;
  readonly contexts: ServerContexts;
  readonly clientCertificate: TlsHandshake['clientCertificate'];
}

export interface DownstreamTlsPlace {
  readonly at: ConfigPath;
  readonly context: CompileContext;
  /** `listener.<address>`. */
  readonly statScope: string;
  readonly serverNames: readonly string[];
}

/** Undefined after reporting what leaves nothing to serve. */
export function compileDownstreamTls(message: DownstreamTlsContext, place: DownstreamTlsPlace): DownstreamTls | undefined {
  const { context, statScope } = place;
  const factoryScope = `${statScope}.server_ssl_socket_factory`;
  const served = ReloadableContext.compile({ context, statScope, factoryScope }, (secrets, inside) => compileServed(message, place, secrets, inside));
  if (served === undefined) return undefined;
  const stats = new HandshakeStats(context.stats.group(`${statScope}.ssl`, SSL_STATS), context.stats.group(factoryScope, SOCKET_FACTORY_STATS));
  return new DownstreamTls(served, { stats, clock: context.clock });
}

function compileServed(message: DownstreamTlsContext, { at, serverNames }: DownstreamTlsPlace, secrets: NamedSecrets, context: CompileContext): Compiled<Served> | undefined {
  const commonAt = at.field('common_tls_context');
  const common = compileCommon(message.commonTlsContext, 'server', commonAt, secrets, context);
  const ticketKeys = compileTicketKeys(message, at, secrets, context);
  if (message.ocspStaplePolicy === Ocsp.MUST_STAPLE) context.error(at.field('ocsp_staple_policy'), 'OCSP response is required by policy, and Node.js staples none that comes from a configuration');
  const { tlsCertificates = [], tlsCertificateSdsSecretConfigs: named = [] } = message.commonTlsContext ?? {};
  if (tlsCertificates.length > 0 && named.length > 0) context.error(commonAt, 'SDS and non-SDS TLS certificates may not be mixed in server contexts');
  if (!common.isReady || (ticketKeys === undefined && message.sessionTicketKeysType.case === 'sessionTicketKeysSdsSecretConfig')) return { common, made: undefined };
  if (common.identities.length === 0) {
    if (tlsCertificates.length + named.length === 0) context.error(commonAt, 'No TLS certificates found for server context');
    return undefined;
  }
  const sessionIdContext = sessionContextOf(common, [...serverNames, String(message.requireClientCertificate)]);
  const clientCertificate = clientCertificateOf(common.rules, message.requireClientCertificate === true);
  if (message.requireClientCertificate === undefined && clientCertificate === 'optional') {
    context.warning(at.field('require_client_certificate'), 'clients without a certificate are served, because it is not said whether they may be: set it to true or false');
  }
  const stateless = !(message.sessionTicketKeysType.case === 'disableStatelessSessionResumption' && message.sessionTicketKeysType.value);
  const timeoutMs = durationMs(message.sessionTimeout);
  const contexts = new ServerContexts(
    common,
    {
      sessionIdContext,
      honorCipherOrder: !message.preferClientCiphers,
      sessionTimeout: timeoutMs === undefined ? DEFAULT_SESSION_SECONDS : Math.floor(timeoutMs / 1000),
      ...(!stateless && { secureOptions: common.parameters.secureOptions! | constants.SSL_OP_NO_TICKET }),
    },
    {
      fullScan: message.fullScanCertsOnSniMismatch === true,
      ticketKeys: ticketKeys ?? derivedTicketKeys(context.service(TLS_MATERIAL).ticketSecret, sessionIdContext),
      // OpenSSL forgets how old a renewed session is: a certificate that was judged once would be good for ever.
      renewsTickets: stateless && clientCertificate === 'none' && common.parameters.maxVersion === 'TLSv1.3',
    },
  );
  try {
    // The one that clients without a name get; the others are made when they are asked for.
    contexts.find('', true);
  } catch (error) {
    context.error(commonAt, `Failed to make a TLS context: ${(error as Error).message}`);
    return undefined;
  }
  return { common, made: { common, contexts, clientCertificate } };
}

/** BoringSSL's. */
const DEFAULT_SESSION_SECONDS = 7_200;

/** The TLS transport socket of a filter chain. Handshakes that have begun go on with what they began with. */
export class DownstreamTls implements DownstreamTransportSocket {
  readonly stats: HandshakeStats;
  readonly clock: Clock;
  readonly #served: ReloadableContext<Served>;

  constructor(served: ReloadableContext<Served>, { stats, clock }: Pick<DownstreamTls, 'stats' | 'clock'>) {
    this.#served = served;
    this.stats = stats;
    this.clock = clock;
  }

  accept(lower: Connection, info: DownstreamSocketInfo, owner: ConnectingOwner): Connection {
    const served = this.#served.made;
    // Whoever takes the connection may count it at once.
    info.secure = served !== undefined;
    const reader = new HelloReader(this, served, lower, lower.upgrade(owner), info);
    lower.owner = reader;
    if (served === undefined) reader.refuseWithoutSecret();
    return reader.upgrade.connection;
  }
}

/** As much as a handshake message may have. */
const HELLO_LIMIT_BYTES = 16_384 + 1024;
const NO_HELLO: ClientHello = { version: 0, serverName: '', applicationProtocols: [], offersTls13: false };

/** Owns the socket until the client has said whom it wants to speak to, and in which protocol. */
class HelloReader implements ConnectionOwner {
  readonly upgrade: TlsUpgrade;
  readonly #lower: Connection;
  readonly #served: Served | undefined;
  readonly #socket: DownstreamTls;
  readonly #info: DownstreamSocketInfo;
  readonly #reader = new ClientHelloReader(HELLO_LIMIT_BYTES);
  #received: Buffer | undefined;
  #refusal: TransportError | undefined;

  constructor(socket: DownstreamTls, served: Served | undefined, lower: Connection, upgrade: TlsUpgrade, info: DownstreamSocketInfo) {
    this.#lower = lower;
    this.#served = served;
    this.#socket = socket;
    this.upgrade = upgrade;
    this.#info = info;
  }

  /** `onClosed` follows. */
  refuseWithoutSecret(): void {
    this.#socket.stats.onSecretsNotReady('downstream');
    this.#info.transportFailureReason = SECRET_NOT_SUPPLIED;
    this.#refusal = { code: TLS_FAILED, message: SECRET_NOT_SUPPLIED };
    this.#lower.destroy();
  }

  onBytes(bytes: Buffer, length: number): void {
    const chunk = bytes.subarray(0, length);
    if (this.#received === undefined) this.#info.handshakeStartMs = this.#socket.clock.monotonicMs();
    const received = this.#received === undefined ? chunk : Buffer.concat([this.#received, chunk]);
    const hello = this.#reader.read(received, received.length);
    if (hello === undefined) this.#received = received === chunk ? Buffer.from(chunk) : received;
    // OpenSSL says what is wrong with them.
    else if (hello === TOO_LARGE || hello === UNREADABLE) this.#start(NO_HELLO, received);
    else if ('alert' in hello) this.#refuse(hello);
    else this.#start(hello, received);
  }

  onEnd(): void {
    this.upgrade.connection.destroy();
  }

  onDrained(): void {}

  onClosed(error: TransportError | undefined): void {
    if (this.#refusal === undefined && error !== undefined) this.#info.transportFailureReason = failureReason(error);
    this.upgrade.abort(this.#refusal ?? error);
  }

  #start(hello: ClientHello, received: Buffer): void {
    this.upgrade.start(new ServerHandshake(this.#socket, this.#served!, this.#info, hello), received);
  }

  #refuse(fault: HelloFault): void {
    const reason = helloFaultReason(fault);
    this.#info.transportFailureReason = reason;
    if (reason !== '') this.#socket.stats.onRefusedBytes();
    this.#refusal = { code: TLS_FAILED, message: reason };
    if (fault.alert !== 0) this.#lower.writeBytes(alertRecord(fault.alert));
    this.#lower.closeAfterFlush(0);
  }
}

class ServerHandshake implements TlsHandshake {
  readonly side = 'server';
  readonly context: SecureContext;
  readonly applicationProtocols: readonly string[];
  readonly serverName = '';
  readonly session = undefined;
  readonly clientCertificate: TlsHandshake['clientCertificate'];
  readonly #served: Served;
  readonly #socket: DownstreamTls;
  readonly #info: DownstreamSocketInfo;
  readonly #shown: readonly Identity[];
  #refusal: string | undefined;

  constructor(socket: DownstreamTls, served: Served, info: DownstreamSocketInfo, hello: ClientHello) {
    const offered = served.common.applicationProtocols;
    this.#served = served;
    this.#socket = socket;
    this.#info = info;
    const { context, shown } = served.contexts.find(hello.serverName, hello.offersTls13);
    this.context = context;
    this.#shown = shown;
    // A server that offers protocols of which the client wants none would refuse it.
    this.applicationProtocols = hello.applicationProtocols.some((name) => offered.includes(name)) ? offered : [];
    this.clientCertificate = served.clientCertificate;
  }

  judge(session: TlsSession): TransportError | undefined {
    const { stats } = this.#socket;
    const { rules } = this.#served.common;
    const leaf = session.peerCertificate;
    const fault = leaf === undefined ? undefined : judgePeer(rules ?? NO_RULES, { session, leaf, names: undefined, nowMs: this.#socket.clock.wallMs() });
    if (leaf === undefined && this.clientCertificate === 'required') return { code: TLS_FAILED, message: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE' };
    if (fault !== undefined) stats.onRefused(fault.stat);
    if (fault !== undefined && rules?.acceptUntrusted !== true) {
      this.#refusal = refusalReason(fault.reason);
      return { code: TLS_FAILED, message: this.#refusal };
    }
    stats.onHandshake(session);
    this.#info.tls = new ConnectionTls(session, {
      peerIsValidated: leaf !== undefined && rules !== undefined && rules.trustedCa !== '' && session.untrusted === undefined && !session.resumed,
      local: shownOf(this.#shown, session),
      trusted: rules?.trusted ?? [],
      startMs: this.#info.handshakeStartMs!,
      endMs: this.#socket.clock.monotonicMs(),
    });
    return undefined;
  }

  onFailed(error: TransportError): TransportError {
    if (this.#refusal === undefined) this.#socket.stats.onFailed(error);
    this.#info.transportFailureReason = this.#refusal ?? failureReason(error);
    return { code: error.code, message: this.#info.transportFailureReason || error.message };
  }

  onSession(): void {}
}

function shownOf(identities: readonly Identity[], session: TlsSession): X509Info | undefined {
  if (identities.length === 1) return identities[0]!.info;
  const certificate = session.localCertificate;
  return certificate && identities.find(({ der }) => der.equals(certificate.raw))?.info;
}
