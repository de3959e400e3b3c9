/** TLS of a case's clients and upstreams: what a case file says, and the options of `node:tls`. */

import { readFileSync } from 'node:fs';
import type { ConnectionOptions, SecureVersion, TlsOptions } from 'node:tls';
import { checkKeys } from './case-steps.ts';

/** Certificates and keys are named by their files in `test/support/certificates/`, without the ending. */
export interface TlsScript {
  readonly name?: string;
  readonly certificate?: string;
  readonly version?: string;
  readonly alpn?: readonly string[];
  readonly ciphers?: string;
  /** A client resumes the session of the connection with this name. */
  readonly resume?: string;
  /** A server asks for the client's certificate. */
  readonly request?: boolean;
}

const KEYS = ['name', 'certificate', 'version', 'alpn', 'ciphers', 'resume', 'request'];

export const CERTIFICATES = new URL('../../support/certificates/', import.meta.url);

export const tlsScript = (raw: unknown, where: string): TlsScript | undefined => {
  if (raw === undefined) return undefined;
  checkKeys(raw as Record<string, unknown>, KEYS, `${where} tls`);
  return raw as TlsScript;
};

const shared = ({ certificate, version, alpn, ciphers }: TlsScript) => ({
  ...(certificate !== undefined && { cert: readFileSync(new URL(`${certificate}.pem`, CERTIFICATES)), key: readFileSync(new URL(`${certificate}.key`, CERTIFICATES)) }),
  ...(version !== undefined && { minVersion: version as SecureVersion, maxVersion: version as SecureVersion }),
  ...(alpn !== undefined && { ALPNProtocols: [...alpn] }),
  ...(ciphers !== undefined && { ciphers }),
});

export const clientTls = (script: TlsScript, session: Buffer | undefined): ConnectionOptions => ({
  ...shared(script),
  ...(script.name !== undefined && { servername: script.name }),
  ...(session !== undefined && { session }),
  rejectUnauthorized: false,
});

export const serverTls = (script: TlsScript): TlsOptions => ({ ...shared(script), requestCert: script.request ?? false, rejectUnauthorized: false });
