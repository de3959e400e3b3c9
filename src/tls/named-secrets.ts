import type { SdsSecretConfig, Secret } from '../api/generated/envoy/extensions/transport_sockets/tls/v3.ts';
import type { CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';
import { TLS_MATERIAL } from './material.ts';
import { compileSecretSource } from './secret-source.ts';

const UNKNOWN = { tlsCertificate: 'static secret', validationContext: 'static certificate validation context', sessionTicketKeys: 'tls session ticket keys', genericSecret: 'generic secret' };
const FIELDS = { tlsCertificate: 'tls_certificate', validationContext: 'validation_context', sessionTicketKeys: 'session_ticket_keys', genericSecret: 'generic_secret' };

type SecretKinds = { [K in keyof typeof UNKNOWN]: Extract<Secret['type'], { case: K }> extends { value: infer V } ? V : never };

/** The secrets that one user of them names, of the bootstrap and from elsewhere. */
export class NamedSecrets {
  /** Keys of those from elsewhere. */
  readonly sources: string[] = [];
  readonly #context: CompileContext;

  constructor(context: CompileContext) {
    this.#context = context;
  }

  /** Undefined while it has not come, and after reporting that there will be none. */
  find<K extends keyof typeof UNKNOWN>({ name, sdsConfig }: SdsSecretConfig, kind: K, at: ConfigPath): SecretKinds[K] | undefined {
    const material = this.#context.service(TLS_MATERIAL);
    if (sdsConfig === undefined) {
      const secret = material.secret(kind, name);
      if (secret === undefined) this.#context.error(at.field('name'), `Unknown ${UNKNOWN[kind]}: ${name}`);
      return secret?.type.value as SecretKinds[K] | undefined;
    }
    const source = compileSecretSource(sdsConfig, { name, kind }, at.field('sds_config'), this.#context);
    if (source === undefined) return undefined;
    if (!this.sources.includes(source.key)) this.sources.push(source.key);
    const secret = material.secretOf(source);
    if (secret === undefined || secret.type.case === kind) return secret?.type.value as SecretKinds[K] | undefined;
    this.#context.error(at, `secret '${name}' holds no ${FIELDS[kind]}`);
    return undefined;
  }
}
