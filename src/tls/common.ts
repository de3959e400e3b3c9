import { createHash } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import type { CertificateValidationContext, CommonTlsContext } from '../api/generated/envoy/extensions/transport_sockets/tls/v3.ts';
import { create, fromBinary, toBinary } from '../api/protobuf.ts';
import { schemaOf } from '../api/registry.ts';
import type { CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';
import { compileIdentity, type Identity } from './certificate.ts';
import { X509Info } from './certificate-info.ts';
import { certificateReport, type TlsContextReport } from './context-report.ts';
import type { NamedSecrets } from './named-secrets.ts';
import { compileParameters, type Parameters } from './parameters.ts';
import { compilePeerRules, NO_RULES, type PeerRules } from './peer-rules.ts';

const VALIDATION = 'envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext';

/** What both sides' contexts share. */
export interface CommonTls {
  readonly parameters: Parameters;
  readonly identities: readonly Identity[];
  /** Undefined: the peer may be anybody. */
  readonly rules: PeerRules | undefined;
  readonly applicationProtocols: readonly string[];
  /** False while a secret that it needs has not come: nobody is spoken to until then. */
  readonly isReady: boolean;
}

export function compileCommon(message: CommonTlsContext | undefined, side: 'client' | 'server', at: ConfigPath, secrets: NamedSecrets, context: CompileContext): CommonTls {
  const identities = message === undefined ? [] : compileIdentities(message, at, secrets, context);
  const rules = message === undefined ? undefined : compileRules(message, at, secrets, context);
  const isReady = message === undefined || ((message.tlsCertificateSdsSecretConfigs.length === 0 || identities.length > 0) && (message.validationContextType.case === undefined || rules !== undefined));
  return {
    // Envoy looks at them when it makes the context.
    parameters: compileParameters(isReady ? message?.tlsParams : undefined, side, at.field('tls_params'), context),
    identities,
    rules,
    applicationProtocols: message?.alpnProtocols ?? [],
    isReady,
  };
}

function compileIdentities(message: CommonTlsContext, at: ConfigPath, secrets: NamedSecrets, context: CompileContext): Identity[] {
  const own = message.tlsCertificates.map((each, index) => compileIdentity(each, '', at.field('tls_certificates').index(index), context));
  const named = message.tlsCertificateSdsSecretConfigs.map((config, index) => {
    const configAt = at.field('tls_certificate_sds_secret_configs').index(index);
    const secret = secrets.find(config, 'tlsCertificate', configAt);
    return secret && compileIdentity(secret, config.name, configAt, context);
  });
  return [...own, ...named].filter((identity) => identity !== undefined);
}

function compileRules(message: CommonTlsContext, at: ConfigPath, secrets: NamedSecrets, context: CompileContext): PeerRules | undefined {
  const { validationContextType: choice } = message;
  switch (choice.case) {
    case 'validationContext':
      return compilePeerRules(choice.value, '', at.field('validation_context'), context);
    case 'validationContextSdsSecretConfig': {
      const configAt = at.field('validation_context_sds_secret_config');
      const secret = secrets.find(choice.value, 'validationContext', configAt);
      return secret && compilePeerRules(secret, choice.value.name, configAt, context);
    }
    case 'combinedValidationContext': {
      const combinedAt = at.field('combined_validation_context');
      const { defaultValidationContext: base, validationContextSdsSecretConfig: config } = choice.value;
      const secret = config && secrets.find(config, 'validationContext', combinedAt.field('validation_context_sds_secret_config'));
      return secret && compilePeerRules(merged(base, secret), config!.name, combinedAt, context);
    }
    default:
      return undefined;
  }
}

/** As protobuf merges: what the second sets replaces, lists are joined. Bytes of both, one after the other, mean that. */
function merged(base: CertificateValidationContext | undefined, over: CertificateValidationContext): CertificateValidationContext {
  const schema = schemaOf(VALIDATION);
  const bytes = Buffer.concat([base ?? create(schema), over].map((each) => toBinary(schema, each as never)));
  return fromBinary(schema, bytes) as unknown as CertificateValidationContext;
}

export function reportOf({ identities, rules }: CommonTls, statScope: string): TlsContextReport {
  const { trusted, caOrigin, caStatName, trustDomains } = rules ?? NO_RULES;
  return {
    statScope,
    authorities: trusted.map(({ raw }, index) => certificateReport(new X509Info(raw), caOrigin, trustDomains === undefined ? caStatName : `unnamed_ca_cert_${index}`)),
    identities: identities.map(({ info, origin, statName }) => certificateReport(info, origin, statName)),
  };
}

/** The options of a context that shows one identity of each kind of key. */
export function contextOptions({ parameters, rules }: CommonTls, identities: readonly Identity[]): SecureContextOptions {
  const pem = identities.filter(({ pfx }) => pfx === undefined);
  const pfx = identities.flatMap((identity) => (identity.pfx === undefined ? [] : [identity.pfx]));
  return {
    ...parameters,
    // An empty list: without any Node trusts its own roots.
    ca: rules === undefined || rules.trustedCa === '' ? [] : [rules.trustedCa],
    allowPartialTrustChain: true,
    ...(rules !== undefined && rules.crl !== '' && { crl: rules.crl }),
    ...(pem.length > 0 && { cert: pem.map(({ chainText }) => chainText), key: pem.map(({ key }) => key!) }),
    ...(pfx.length > 0 && { pfx }),
  };
}

/** What sessions must have been made under to be resumed: certificates, and who is trusted. */
export function sessionContextOf({ identities, rules }: CommonTls, names: readonly string[]): string {
  const hash = createHash('sha256');
  for (const { der } of identities) hash.update(der);
  hash.update(JSON.stringify([names, rules?.trustedCa, rules?.acceptUntrusted, rules?.crl, [...(rules?.spki ?? [])], [...(rules?.hashes ?? [])], rules?.identity]));
  return hash.digest('hex').slice(0, 32);
}
