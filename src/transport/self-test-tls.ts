import tls, { type SecureContext } from 'node:tls';
import { TLS_FAILED, type TlsHandshake, type TlsSession, type TlsUpgrade } from './tls.ts';
import type { ConnectionOwner, TransportError } from './transport.ts';

/** What the self-test speaks TLS with. The key protects nothing: it is shown to this process alone. */

const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBmx69Lq68YiDWV4o
5WxncecBbWyjf0yVI342n8tpstihRANCAAROPL/JFiI0zxmj56pEkkZ+vsM/Ijvp
bOrg7yWA9onBK4MKMnLoEZyj2oG4YQUACsbKxTOmD6GTy/vaxXA00c/l
-----END PRIVATE KEY-----`;
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBQTCB6KADAgECAgEBMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMMCXNlbGYtdGVz
dDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFDESMBAGA1UEAwwJ
c2VsZi10ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAETjy/yRYiNM8Zo+eq
RJJGfr7DPyI76Wzq4O8lgPaJwSuDCjJy6BGco9qBuGEFAArGysUzpg+hk8v72sVw
NNHP5aMpMCcwDwYDVR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglzZWxmLXRlc3Qw
CgYIKoZIzj0EAwIDSAAwRQIgG777q8mW9USMQtjeUoZGRYXFtn8G2750EM8HeiTZ
RmoCIQCse4X3XEM+PNKGa682zn2DqLoTyKE19D4CQ/31kNNUmQ==
-----END CERTIFICATE-----`;

let context: SecureContext | undefined;

export class SelfTestHandshake implements TlsHandshake {
  readonly side: 'client' | 'server';
  readonly context: SecureContext = (context ??= tls.createSecureContext({ cert: CERTIFICATE, key: KEY, ca: CERTIFICATE, sessionIdContext: 'self-test' }));
  readonly applicationProtocols = ['self-test'];
  readonly serverName = 'self-test';
  readonly session = undefined;
  readonly clientCertificate = 'required';
  judged: TlsSession | undefined;
  readonly #accepts: boolean;

  constructor(side: 'client' | 'server', accepts = true) {
    this.side = side;
    this.#accepts = accepts;
  }

  judge(session: TlsSession): TransportError | undefined {
    this.judged = session;
    return this.#accepts ? undefined : { code: TLS_FAILED, message: 'refused' };
  }

  onFailed(error: TransportError): TransportError {
    return error;
  }

  onSession(): void {}
}

/** Begins a server's handshake with the client's first bytes. */
export class SelfTestStarter implements ConnectionOwner {
  readonly #upgrade: TlsUpgrade;
  readonly #handshake: TlsHandshake;

  constructor(upgrade: TlsUpgrade, handshake: TlsHandshake) {
    this.#upgrade = upgrade;
    this.#handshake = handshake;
  }

  onBytes(bytes: Buffer, length: number): void {
    this.#upgrade.start(this.#handshake, Buffer.from(bytes.subarray(0, length)));
  }

  onEnd(): void {}

  onDrained(): void {}

  onClosed(error: TransportError | undefined): void {
    this.#upgrade.abort(error);
  }
}
