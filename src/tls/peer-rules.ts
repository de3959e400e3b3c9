import { createHash, type X509Certificate } from 'node:crypto';
import {
  CertificateValidationContext_TrustChainVerification as Trust,
  type CertificateValidationContext,
} from '../api/generated/envoy/extensions/transport_sockets/tls/v3.ts';
import type { CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';
import type { TlsSession } from '../transport/tls.ts';
import { parseCertificates } from './certificate.ts';
import { unnamedStatName } from './context-report.ts';
import { readMaterial, TLS_MATERIAL } from './material.ts';
import { compileSanRule, compileUntypedSanRules, dnsCovers, sanMatches, type SanRule } from './san-rules.ts';
import { certificatesBetween, issuerOf, pathSent } from './chain.ts';
import { parseRevocationLists, revocationFault, type RevocationList } from './revocation-list.ts';
import { compileTrustDomains, leadsToItsDomain, type TrustDomains, workloadFault } from './trust-domains.ts';
import { type SubjectAltName, subjectAltNames } from './x509.ts';

/** What went wrong with a peer's certificate, and the statistic that counts it. */
export interface PeerFault {
  readonly stat: 'fail_verify_error' | 'fail_verify_san' | 'fail_verify_cert_hash';
  readonly reason: string;
}

/** What a certificate must name because of whom a connection is for. */
export interface RequiredNames {
  readonly names: readonly string[];
  /** Asked for as a SAN matcher does, and told so. */
  readonly byMatcher: boolean;
}

/** A compiled CertificateValidationContext. */
export interface PeerRules {
  /** '' when nobody is trusted: then chains are not looked at. */
  readonly trustedCa: string;
  readonly trusted: readonly X509Certificate[];
  readonly caOrigin: string;
  readonly caStatName: string;
  readonly crl: string;
  /** In which the peer's own certificate alone is looked up, while `crl` is ''. */
  readonly leafLists: readonly RevocationList[];
  readonly acceptUntrusted: boolean;
  /** `max_verify_depth`. */
  readonly maxDepth: number;
  readonly spki: ReadonlySet<string>;
  readonly hashes: ReadonlySet<string>;
  readonly names: readonly SanRule[];
  /** Undefined: all are trusted by the same authorities. */
  readonly trustDomains: TrustDomains | undefined;
  /** Two of equal identity ask the same of names. */
  readonly identity: string;
}

/** OpenSSL's own limit. */
const LONGEST_CHAIN = 100;

/** Anybody. */
export const NO_RULES: PeerRules = { trustedCa: '', trusted: [], caOrigin: '', caStatName: '', crl: '', leafLists: [], acceptUntrusted: false, maxDepth: LONGEST_CHAIN, spki: new Set(), hashes: new Set(), names: [], trustDomains: undefined, identity: '' };

/** Whether clients are asked for a certificate. As in Envoy, `require_client_certificate` changes nothing where no authority is named. */
export function clientCertificateOf(rules: PeerRules | undefined, requires: boolean): 'none' | 'optional' | 'required' {
  if (rules === undefined) return 'none';
  const { trustedCa, trustDomains, acceptUntrusted, spki, hashes, names } = rules;
  const hasPins = spki.size > 0 || hashes.size > 0;
  if (trustedCa === '' && !hasPins) return acceptUntrusted ? 'optional' : 'none';
  // Rules for what a certificate says are broken by who shows none.
  return (requires && trustedCa !== '') || trustDomains !== undefined || (!acceptUntrusted && (hasPins || names.length > 0)) ? 'required' : 'optional';
}

/** `secretName`: '' when the rules stand in the context itself. */
export function compilePeerRules(message: CertificateValidationContext, secretName: string, at: ConfigPath, context: CompileContext): PeerRules {
  if (message.watchedDirectory !== undefined) context.service(TLS_MATERIAL).watch(message.watchedDirectory.path);
  const names = compileNames(message, at, context);
  const identity = JSON.stringify([message.matchTypedSubjectAltNames, message.matchSubjectAltNames, message.maxVerifyDepth], (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  if (message.customValidatorConfig !== undefined) {
    const domains = compileTrustDomains(message.customValidatorConfig, at.field('custom_validator_config'), context);
    // All else that the message says of trust is for the validator that this one replaces.
    return domains === undefined ? NO_RULES : { ...NO_RULES, ...authoritiesOf(domains), names, trustDomains: domains, identity: identity + domains.identity };
  }
  const ca = readMaterial(message.trustedCa, at.field('trusted_ca'), context);
  const trusted = ca === undefined ? [] : parseCertificates(ca.bytes);
  if (ca !== undefined && (trusted === undefined || trusted.length === 0)) {
    context.error(at.field('trusted_ca'), `Failed to load trusted CA certificates from ${ca.origin}`);
  }
  if (names.length > 0 && message.trustedCa === undefined) {
    context.error(at, 'SAN-based verification of peer certificates without trusted CA is insecure and not allowed');
  }
  const crl = compileCrl(message, at.field('crl'), context);
  return {
    trustedCa: ca?.bytes.toString('latin1') ?? '',
    trusted: trusted ?? [],
    caOrigin: ca?.origin ?? '',
    caStatName: secretName === '' ? unnamedStatName('ca_cert', message.trustedCa) : secretName,
    crl: message.onlyVerifyLeafCertCrl ? '' : crl.text,
    leafLists: crl.leafLists,
    maxDepth: message.maxVerifyDepth ?? LONGEST_CHAIN,
    acceptUntrusted: message.trustChainVerification === Trust.ACCEPT_UNTRUSTED,
    spki: new Set(message.verifyCertificateSpki.map((pin, index) => compileSpki(pin, at.field('verify_certificate_spki').index(index), context))),
    hashes: new Set(message.verifyCertificateHash.map((pin, index) => compileHash(pin, at.field('verify_certificate_hash').index(index), context))),
    names,
    trustDomains: undefined,
    identity: message.onlyVerifyLeafCertCrl ? identity + crl.text : identity,
  };
}

function compileCrl(message: CertificateValidationContext, at: ConfigPath, context: CompileContext): { readonly text: string; readonly leafLists: readonly RevocationList[] } {
  const crl = readMaterial(message.crl, at, context);
  if (crl === undefined) return { text: '', leafLists: [] };
  const text = crl.bytes.toString('latin1');
  const leafLists = message.onlyVerifyLeafCertCrl ? parseRevocationLists(text) : [];
  if (leafLists === undefined || !/-----BEGIN X509 CRL-----/.test(text)) context.error(at, `Failed to load CRL from ${crl.origin}`);
  return { text, leafLists: leafLists ?? [] };
}

function authoritiesOf({ authorities, text, origin }: TrustDomains): Pick<PeerRules, 'trustedCa' | 'trusted' | 'caOrigin'> {
  return { trustedCa: text, trusted: [...authorities.values()].flat(), caOrigin: origin };
}

function compileNames(message: CertificateValidationContext, at: ConfigPath, context: CompileContext): SanRule[] {
  return [
    ...message.matchTypedSubjectAltNames.map((matcher, index) => compileSanRule(matcher, at.field('match_typed_subject_alt_names').index(index), context)),
    ...message.matchSubjectAltNames.flatMap((matcher, index) => compileUntypedSanRules(matcher, at.field('match_subject_alt_names').index(index), context)),
  ].filter((rule) => rule !== undefined);
}

function compileSpki(pin: string, at: ConfigPath, context: CompileContext): string {
  const bytes = Buffer.from(pin, 'base64');
  if (bytes.length !== 32) context.error(at, `Invalid base64-encoded SHA-256 ${pin}`);
  return bytes.toString('hex');
}

function compileHash(pin: string, at: ConfigPath, context: CompileContext): string {
  const hex = pin.replaceAll(':', '').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(hex)) context.error(at, `Invalid hex-encoded SHA-256 ${pin}`);
  return hex;
}

const NO_ISSUER = 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY';
/** Of the last certificate that was found. */
const ENDS_OF_CHAINS: ReadonlySet<string> = new Set([NO_ISSUER, 'UNABLE_TO_GET_ISSUER_CERT', 'SELF_SIGNED_CERT_IN_CHAIN']);
const DATES: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

function ofLists(fault: string): string {
  return `certificate revocation check against provided CRLs failed: ${fault}`;
}

/** OpenSSL's codes in the words of BoringSSL, which Envoy quotes. */
const UNTRUSTED: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'certificate has expired',
  CERT_NOT_YET_VALID: 'certificate is not yet valid',
  CERT_REVOKED: ofLists('certificate revoked'),
  CERT_CHAIN_TOO_LONG: 'certificate chain too long',
  CERT_SIGNATURE_FAILURE: 'certificate signature failure',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self signed certificate',
  INVALID_CA: 'invalid CA certificate',
  INVALID_PURPOSE: 'unsupported certificate purpose',
  SELF_SIGNED_CERT_IN_CHAIN: 'self signed certificate in certificate chain',
  UNABLE_TO_GET_CRL: ofLists('unable to get certificate CRL'),
  UNABLE_TO_GET_CRL_ISSUER: 'unable to get CRL issuer certificate',
  KEYUSAGE_NO_CRL_SIGN: 'key usage does not include CRL signing',
  DIFFERENT_CRL_SCOPE: 'Different CRL scope',
  CRL_NOT_YET_VALID: ofLists('CRL is not yet valid'),
  CRL_HAS_EXPIRED: ofLists('CRL has expired'),
  CRL_SIGNATURE_FAILURE: 'CRL signature failure',
  UNHANDLED_CRITICAL_CRL_EXTENSION: 'unhandled critical CRL extension',
  UNABLE_TO_GET_ISSUER_CERT: 'unable to get issuer certificate',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unable to get local issuer certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unable to verify the first certificate',
};

/** What a peer has shown, when, and what its certificate must name besides. */
export interface PeerShown {
  readonly session: TlsSession;
  readonly leaf: X509Certificate;
  readonly names: RequiredNames | undefined;
  readonly nowMs: number;
}

/** Judges the certificate that a peer has shown; `acceptUntrusted` is for the caller. */
export function judgePeer(rules: PeerRules, shown: PeerShown): PeerFault | undefined {
  const { leaf, names } = shown;
  return workloadRefusal(rules, leaf) ?? trustFault(rules, shown) ?? nameFault(rules, leaf, names) ?? pinFault(rules, leaf);
}

function workloadRefusal({ trustDomains }: PeerRules, leaf: X509Certificate): PeerFault | undefined {
  const fault = trustDomains && workloadFault(trustDomains, leaf);
  return fault === undefined ? undefined : { stat: 'fail_verify_error', reason: `verify cert failed: ${fault}` };
}

function trustFault(rules: PeerRules, { session, leaf, nowMs }: PeerShown): PeerFault | undefined {
  const { trustedCa, trusted, leafLists, trustDomains } = rules;
  if (trustedCa === '') return undefined;
  const fault = session.untrusted === undefined ? undefined : firstFault(rules, session, leaf);
  // BoringSSL looks at dates last.
  if (fault !== undefined && !DATES.has(fault)) return untrusted(fault, ENDS_OF_CHAINS.has(fault) ? pathSent(leaf, session).length - 1 : 0);
  // Of a resumed session the chain is gone, and it was judged by the same lists.
  const revoked = leafLists.length > 0 && !session.resumed ? revocationFault(leafLists, leaf, issuerOf(trusted, leaf, session), nowMs) : undefined;
  if (revoked !== undefined || fault !== undefined) return untrusted(revoked ?? fault!, 0);
  if (trustDomains !== undefined && !leadsToItsDomain(trustDomains, session, leaf)) return untrusted(NO_ISSUER, 0);
  // As BoringSSL, which looks for issuers no further than that.
  return isTooLong(rules, session, leaf) ? untrusted(NO_ISSUER, Math.max(rules.maxDepth, 1)) : undefined;
}

/** OpenSSL tells the last fault, and goes on behind a chain that leads nowhere. */
function firstFault({ trusted }: PeerRules, session: TlsSession, leaf: X509Certificate): string {
  const code = session.untrusted!;
  if (session.resumed) return code;
  const path = pathSent(leaf, session);
  if (path.some((certificate) => trusted.some((anchor) => anchor.raw.equals(certificate.raw) || certificate.checkIssued(anchor)))) return code;
  const top = path.at(-1)!;
  if (!top.checkIssued(top)) return NO_ISSUER;
  return path.length === 1 ? 'DEPTH_ZERO_SELF_SIGNED_CERT' : 'SELF_SIGNED_CERT_IN_CHAIN';
}

function untrusted(code: string, depth: number): PeerFault {
  return { stat: 'fail_verify_error', reason: `verify cert failed: X509_verify_cert: certificate verification error at depth ${depth}: ${UNTRUSTED[code] ?? code}` };
}

/** An authority that has signed the peer's certificate itself is always near enough. */
function isTooLong({ trusted, maxDepth }: PeerRules, session: TlsSession, leaf: X509Certificate): boolean {
  // Of a resumed session the chain is gone, and it was judged by the same rules.
  if (maxDepth >= LONGEST_CHAIN || session.resumed) return false;
  const between = certificatesBetween(trusted, leaf, session);
  return between === undefined || (between > 0 && between >= maxDepth);
}

function nameFault({ names: rules, trustDomains }: PeerRules, leaf: X509Certificate, required: RequiredNames | undefined): PeerFault | undefined {
  if (rules.length === 0 && required === undefined) return undefined;
  const alternatives = subjectAltNames(leaf.raw);
  if (required !== undefined) {
    const { names, byMatcher } = required;
    const named = alternatives.some(({ kind, value }) => (kind === 'dns' && names.some((name) => dnsCovers(value, name))) || (kind !== 'other' && names.includes(value)));
    if (!named && byMatcher) return unmatched(alternatives);
    if (!named) return { stat: 'fail_verify_san', reason: `verify cert failed: verify SAN list, expected SANs: [${names.join(', ')}], certificate SANs: [${listed(alternatives)}]` };
  }
  if (rules.length === 0 || alternatives.some((name) => rules.some((rule) => sanMatches(rule, name)))) return undefined;
  return trustDomains === undefined ? unmatched(alternatives) : { stat: 'fail_verify_san', reason: 'verify cert failed: SAN match' };
}

function unmatched(alternatives: readonly SubjectAltName[]): PeerFault {
  return { stat: 'fail_verify_san', reason: `verify cert failed: SAN matcher, certificate SANs are [${listed(alternatives)}]` };
}

function listed(names: readonly SubjectAltName[]): string {
  return names.map(({ value }) => value).join(', ');
}

function pinFault({ spki, hashes }: PeerRules, leaf: X509Certificate): PeerFault | undefined {
  if (spki.size === 0 && hashes.size === 0) return undefined;
  if (hashes.has(createHash('sha256').update(leaf.raw).digest('hex'))) return undefined;
  if (spki.size > 0 && spki.has(createHash('sha256').update(leaf.publicKey.export({ type: 'spki', format: 'der' })).digest('hex'))) return undefined;
  return { stat: 'fail_verify_cert_hash', reason: 'verify cert failed: cert hash and spki' };
}
