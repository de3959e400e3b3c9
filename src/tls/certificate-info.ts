import { createHash, X509Certificate } from 'node:crypto';
import type { CertificateInfo } from '../transport/transport-socket.ts';
import { extensionIds, nameText, type SubjectAltName, subjectAltNames } from './x509.ts';

/** A certificate as logs and headers tell it; each value is made when it is asked for. */
export class X509Info implements CertificateInfo {
  readonly #der: Buffer;
  #parsed: X509Certificate | undefined;
  #alternatives: readonly SubjectAltName[] | undefined;
  #sha256: string | undefined;

  /** In DER. */
  constructor(der: Buffer) {
    this.#der = der;
  }

  get #certificate(): X509Certificate {
    return (this.#parsed ??= new X509Certificate(this.#der));
  }

  get subject(): string {
    return nameText(this.#der, 'subject');
  }

  get issuer(): string {
    return nameText(this.#der, 'issuer');
  }

  get serial(): string {
    return this.#certificate.serialNumber.toLowerCase();
  }

  get sha256(): string {
    return (this.#sha256 ??= createHash('sha256').update(this.#der).digest('hex'));
  }

  get sha1(): string {
    return createHash('sha1').update(this.#der).digest('hex');
  }

  get notBeforeMs(): number {
    return this.#certificate.validFromDate.getTime();
  }

  get notAfterMs(): number {
    return this.#certificate.validToDate.getTime();
  }

  get pem(): string {
    return urlEncodedPem(this.#der);
  }

  get extensionIds(): readonly string[] {
    return extensionIds(this.#der);
  }

  alternatives(kind: SubjectAltName['kind']): readonly string[] {
    this.#alternatives ??= subjectAltNames(this.#der);
    return this.#alternatives.filter((name) => name.kind === kind).map(({ value }) => value);
  }
}

/** PEM whose characters that a header cannot hold, or that mean something there, are escaped. */
function urlEncodedPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  const text = `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
  return text.replace(/[\n +/=]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}
