import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { TlsCertificate } from '../api/generated/envoy/extensions/transport_sockets/tls/v3.ts';
import type { CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';
import { X509Info } from './certificate-info.ts';
import { unnamedStatName } from './context-report.ts';
import { type Material, readMaterial, TLS_MATERIAL } from './material.ts';
import { commonNameOf, publicKeyAlgorithm, subjectAltNames } from './x509.ts';

/** A certificate with its key, as a context takes it. */
export interface Identity {
  /** Of the first certificate. */
  readonly der: Buffer;
  readonly info: X509Info;
  /** All of the chain in PEM, leaf first. */
  readonly chainText: Buffer;
  readonly key: { readonly pem: Buffer; readonly passphrase?: string } | undefined;
  /** In place of the two above. */
  readonly pfx: { readonly buf: Buffer; readonly passphrase: string } | undefined;
  readonly isEcdsa: boolean;
  /** Lower case; wildcards as they stand. */
  readonly names: readonly string[];
  /** The file it came from, or `<inline>`. */
  readonly origin: string;
  readonly statName: string;
}

const CURVES = new Set(['prime256v1', 'secp384r1', 'secp521r1']);
const MIN_RSA_BITS = 2048;

/** `secretName`: '' when the certificate stands in the context itself. Undefined after reporting what is wrong. */
export function compileIdentity(message: TlsCertificate, secretName: string, at: ConfigPath, context: CompileContext): Identity | undefined {
  const statName = secretName === '' ? unnamedStatName('cert', message.certificateChain) : secretName;
  if (message.watchedDirectory !== undefined) context.service(TLS_MATERIAL).watch(message.watchedDirectory.path);
  const password = readMaterial(message.password, at.field('password'), context)?.bytes.toString();
  if (message.pkcs12 !== undefined) {
    const pkcs12 = readMaterial(message.pkcs12, at.field('pkcs12'), context);
    const parts = pkcs12 && fromPkcs12(pkcs12, password ?? '', at.field('pkcs12'), context);
    return parts && { ...parts, statName };
  }
  const chainAt = at.field('certificate_chain');
  const keyAt = at.field('private_key');
  const chain = readMaterial(message.certificateChain, chainAt, context);
  const key = readMaterial(message.privateKey, keyAt, context);
  if (message.certificateChain === undefined) context.error(at, 'No certificate chain specified');
  else if (message.privateKey === undefined) context.error(at, `Failed to load incomplete private key from path: ${chain?.origin ?? ''}`);
  if (chain === undefined || key === undefined) return undefined;
  // What serves was found good before, and thousands of keys take seconds to look at.
  if (!context.serving && !checkPair({ chain, chainAt, key, keyAt, password }, context)) return undefined;
  const [der] = certificatesIn(chain.bytes);
  const secret = { pem: key.bytes, ...(password !== undefined && { passphrase: password }) };
  return { ...describe(der!), chainText: chain.bytes, key: secret, pfx: undefined, origin: chain.origin, statName };
}

interface Pair {
  readonly chain: Material;
  readonly chainAt: ConfigPath;
  readonly key: Material;
  readonly keyAt: ConfigPath;
  readonly password: string | undefined;
}

function checkPair({ chain, chainAt, key, keyAt, password }: Pair, context: CompileContext): boolean {
  const [leaf] = parseCertificates(chain.bytes) ?? [];
  if (leaf === undefined) {
    context.error(chainAt, `Failed to load certificate chain from ${chain.origin}`);
    return false;
  }
  const keyObject = parseKey(key, password, keyAt, context);
  if (keyObject === undefined || !checkKey(leaf, chain.origin, chainAt, context)) return false;
  if (leaf.checkPrivateKey(keyObject)) return true;
  const cause = keyObject.asymmetricKeyType === leaf.publicKey.asymmetricKeyType ? '74:X.509 certificate routines:OPENSSL_internal:KEY_VALUES_MISMATCH' : '73:X.509 certificate routines:OPENSSL_internal:KEY_TYPE_MISMATCH';
  context.error(keyAt, `Failed to load private key from ${key.origin}, Cause: error:0b0000${cause}`);
  return false;
}

function fromPkcs12({ bytes, origin }: Material, passphrase: string, at: ConfigPath, context: CompileContext): Omit<Identity, 'statName'> | undefined {
  try {
    const { context: native } = createSecureContext({ pfx: bytes, passphrase });
    const leaf = new X509Certificate((native as { getCertificate(): Buffer }).getCertificate());
    if (!checkKey(leaf, origin, at, context)) return undefined;
    return { ...describe(leaf.raw), chainText: Buffer.alloc(0), key: undefined, pfx: { buf: bytes, passphrase }, origin };
  } catch {
    context.error(at, `Failed to load pkcs12 from ${origin}`);
    return undefined;
  }
}

function parseKey({ bytes, origin }: Material, passphrase: string | undefined, at: ConfigPath, context: CompileContext): KeyObject | undefined {
  try {
    return createPrivateKey({ key: bytes, ...(passphrase !== undefined && { passphrase }) });
  } catch {
    context.error(at, `Failed to load private key from ${origin}, Cause: error:0900006e:PEM routines:OPENSSL_internal:NO_START_LINE`);
    return undefined;
  }
}

function checkKey({ publicKey }: X509Certificate, origin: string, at: ConfigPath, context: CompileContext): boolean {
  const { namedCurve, modulusLength } = publicKey.asymmetricKeyDetails ?? {};
  switch (publicKey.asymmetricKeyType) {
    case 'ec':
      if (CURVES.has(namedCurve ?? '')) return true;
      context.error(at, `Failed to load certificate chain from ${origin}, only P-256, P-384 or P-521 ECDSA certificates are supported`);
      return false;
    case 'rsa':
      if ((modulusLength ?? 0) >= MIN_RSA_BITS) return true;
      context.error(at, `Failed to load certificate chain from ${origin}, only RSA certificates with 2048-bit or larger keys are supported`);
      return false;
    default:
      context.error(at, `Failed to load certificate chain from ${origin}, only RSA and ECDSA certificates are supported`);
      return false;
  }
}

function describe(der: Buffer): Pick<Identity, 'der' | 'info' | 'isEcdsa' | 'names'> {
  const dns = subjectAltNames(der).filter(({ kind }) => kind === 'dns');
  const commonName = commonNameOf(der);
  const names = dns.length > 0 ? dns.map(({ value }) => value) : commonName === undefined ? [] : [commonName];
  return { der, info: new X509Info(der), isEcdsa: publicKeyAlgorithm(der) === EC_PUBLIC_KEY, names: names.map((name) => name.toLowerCase()) };
}

const EC_PUBLIC_KEY = '1.2.840.10045.2.1';
const PEM_CERTIFICATE = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([\s\S]*?)-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/** In DER, unread. */
function certificatesIn(pem: Buffer): Buffer[] {
  return Array.from(pem.toString('latin1').matchAll(PEM_CERTIFICATE), ([, body]) => Buffer.from(body!, 'base64'));
}

/** Undefined when one of them is broken. */
export function parseCertificates(bytes: Buffer): X509Certificate[] | undefined {
  try {
    return (bytes.toString('latin1').match(PEM_CERTIFICATE) ?? []).map((text) => new X509Certificate(text));
  } catch {
    return undefined;
  }
}
