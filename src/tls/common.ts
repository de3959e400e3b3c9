import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { createHash } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import type { CertificateValidationContext, CommonTlsContext, SdsSecretConfig, Secret } from '../api/generated/envoy/extensions/transport_sockets/tls/v3.ts';
import { schemaOf } from '../api/registry.ts';
import type { CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';
import { compileIdentity, type Identity } from './certificate.ts';
import { X509Info } from './certificate-info.ts';
import { certificateReport } from './context-report.ts';
import { TLS_MATERIAL } from './material.ts';
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
}

export function compileCommon(message: CommonTlsContext | undefined, side: 'client' | 'server', at: ConfigPath, context: CompileContext): CommonTls {
  return {
    parameters: compileParameters(message !== undefined && waitsForSecrets(message) ? undefined : message?.tlsParams, side, at.field('tls_params'), context),
    identities: message === undefined ? [] : compileIdentities(message, at, context),
    rules: message === undefined ? undefined : compileRules(message, at, context),
    applicationProtocols: message?.alpnProtocols ?? [],
  };
}

/** Secrets of a control plane are refused; Envoy looks at the parameters when they come. */
function waitsForSecrets({ tlsCertificateSdsSecretConfigs, validationContextType: choice }: CommonTlsContext): boolean {
  const trusted = choice.case === 'combinedValidationContext' ? choice.value.validationContextSdsSecretConfig : choice.case === 'validationContextSdsSecretConfig' ? choice.value : undefined;
  return [...tlsCertificateSdsSecretConfigs, trusted].some((config) => config?.sdsConfig !== undefined);
}

function compileIdentities(message: CommonTlsContext, at: ConfigPath, context: CompileContext): Identity[] {
  const own = message.tlsCertificates.map((each, index) => compileIdentity(each, '', at.field('tls_certificates').index(index), context));
  const named = message.tlsCertificateSdsSecretConfigs.map((config, index) => {
    const configAt = at.field('tls_certificate_sds_secret_configs').index(index);
    const secret = staticSecret(config, 'tlsCertificate', configAt, context);
    return secret && compileIdentity(secret, config.name, configAt, context);
  });
  return [...own, ...named].filter((identity) => identity !== undefined);
}

function compileRules(message: CommonTlsContext, at: ConfigPath, context: CompileContext): PeerRules | undefined {
  const { validationContextType: choice } = message;
  switch (choice.case) {
    case 'validationContext':
      return compilePeerRules(choice.value, '', at.field('validation_context'), context);
    case 'validationContextSdsSecretConfig': {
      const configAt = at.field('validation_context_sds_secret_config');
      const secret = staticSecret(choice.value, 'validationContext', configAt, context);
      return secret && compilePeerRules(secret, choice.value.name, configAt, context);
    }
    case 'combinedValidationContext': {
      const combinedAt = at.field('combined_validation_context');
      const { defaultValidationContext: base, validationContextSdsSecretConfig: config } = choice.value;
      const secret = config && staticSecret(config, 'validationContext', combinedAt.field('validation_context_sds_secret_config'), context);
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

const UNKNOWN = { tlsCertificate: 'static secret', validationContext: 'static certificate validation context', sessionTicketKeys: 'tls session ticket keys' };

type SecretKinds = { [K in keyof typeof UNKNOWN]: Extract<Secret['type'], { case: K }> extends { value: infer V } ? V : never };

/** The secret of the bootstrap that a name without a source refers to. */
export function staticSecret<K extends keyof typeof UNKNOWN>(config: SdsSecretConfig, kind: K, at: ConfigPath, context: CompileContext): SecretKinds[K] | undefined {
  if (config.sdsConfig !== undefined) {
    context.error(at.field('sds_config'), "not supported: secrets come from the bootstrap's static_resources.secrets; leave sds_config out and name one of these");
    return undefined;
  }
  const secret = context.service(TLS_MATERIAL).secret(kind, config.name);
  if (secret !== undefined) return secret.type.value as SecretKinds[K];
  context.error(at.field('name'), `Unknown ${UNKNOWN[kind]}: ${config.name}`);
  return undefined;
}

/** To be called once for a context, when nothing is wrong with it. */
export function reportCommon({ identities, rules }: CommonTls, statScope: string, context: CompileContext): void {
  if (context.serving) return;
  const { trusted, caOrigin, caStatName } = rules ?? NO_RULES;
  context.service(TLS_MATERIAL).report({
    statScope,
    authorities: trusted.map(({ raw }) => certificateReport(new X509Info(raw), caOrigin, caStatName)),
    identities: identities.map(({ info, origin, statName }) => certificateReport(info, origin, statName)),
  });
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
  hash.update(JSON.stringify([names, rules?.trustedCa, rules?.crl, [...(rules?.spki ?? [])], [...(rules?.hashes ?? [])], rules?.identity]));
  return hash.digest('hex').slice(0, 32);
}
