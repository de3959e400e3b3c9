import type { X509Certificate } from 'node:crypto';
import type { TypedExtensionConfig } from '../api/generated/envoy/config/core/v3.ts';
import type { SPIFFECertValidatorConfig } from '../api/generated/envoy/extensions/transport_sockets/tls/v3.ts';
import type { AnyMessage, CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';
import type { TlsSession } from '../transport/tls.ts';
import { parseCertificates } from './certificate.ts';
import { certificatesBetween } from './chain.ts';
import { readMaterial } from './material.ts';
import { maySignOthers, subjectAltNames } from './x509.ts';

/**
 * Who is trusted by the domain that a certificate's SPIFFE identity names (`envoy.tls.cert_validator.spiffe`). OpenSSL is told the authorities of
 * all domains and looks at the chain; that it leads to the right ones is judged here.
 */
export interface TrustDomains {
  readonly authorities: ReadonlyMap<string, readonly X509Certificate[]>;
  /** In PEM, those of all domains. */
  readonly text: string;
  readonly origin: string;
  /** Two of equal identity trust alike. */
  readonly identity: string;
}

const TYPE = 'envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig';

/** Undefined after reporting what is wrong. */
export function compileTrustDomains(config: TypedExtensionConfig, at: ConfigPath, context: CompileContext): TrustDomains | undefined {
  const configAt = at.field('typed_config');
  const content = config.typedConfig && context.unpack(config.typedConfig as AnyMessage, configAt);
  if (content?.typeName !== TYPE) {
    context.error(at, `Failed to get certificate validator factory for ${config.name}; envoy.tls.cert_validator.spiffe with a ${TYPE} is known`);
    return undefined;
  }
  const { trustDomains } = content.message as SPIFFECertValidatorConfig;
  const authorities = new Map<string, readonly X509Certificate[]>();
  const texts: string[] = [];
  let origin = '';
  trustDomains.forEach(({ name, trustBundle }, index) => {
    const domainAt = configAt.field('trust_domains').index(index);
    const bundleAt = domainAt.field('trust_bundle');
    if (authorities.has(name)) context.error(domainAt, `Multiple trust bundles are given for one trust domain for ${name}, workload: `);
    const bundle = readMaterial(trustBundle, bundleAt, context);
    const certificates = bundle && parseCertificates(bundle.bytes);
    if (bundle === undefined || certificates === undefined || certificates.length === 0) {
      context.error(bundleAt, `Failed to load trusted CA certificate for ${name}`);
      return;
    }
    authorities.set(name, certificates);
    texts.push(bundle.bytes.toString('latin1'));
    origin = `${name}: ${bundle.origin}`;
  });
  return { authorities, text: texts.join('\n'), origin, identity: JSON.stringify([[...authorities.keys()], texts]) };
}

/** Why a certificate is not that of a workload of one of the domains, before its chain is looked at. */
export function workloadFault({ authorities }: TrustDomains, leaf: X509Certificate): string | undefined {
  if (maySignOthers(leaf.raw)) return 'cert precheck';
  return authorities.has(trustDomainOf(leaf)) ? undefined : 'no trust bundle store';
}

/** Whether the chain that OpenSSL has found good leads to the authorities of the domain that the certificate names. */
export function leadsToItsDomain({ authorities }: TrustDomains, session: TlsSession, leaf: X509Certificate): boolean {
  // Of a resumed session the chain is gone, and it was judged by the same rules.
  if (authorities.size === 1 || session.resumed) return true;
  return certificatesBetween(authorities.get(trustDomainOf(leaf))!, leaf, session) !== undefined;
}

/** Of the first URI; '' when that is no identity. */
function trustDomainOf(leaf: X509Certificate): string {
  const uri = subjectAltNames(leaf.raw).find(({ kind }) => kind === 'uri')?.value ?? '';
  return /^spiffe:\/\/([^/]+)\//.exec(uri)?.[1] ?? '';
}
