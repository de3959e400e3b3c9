import type { DataSource } from '../api/generated/envoy/config/core/v3.ts';
import type { Secret } from '../api/generated/envoy/extensions/transport_sockets/tls/v3.ts';
import { type CompileContext, serviceKey } from '../core/extension.ts';
import { readLocalFile } from '../core/local-file.ts';
import type { ConfigPath, Problems } from '../core/problems.ts';
import { PROCESS } from '../http/format/environment.ts';
import type { SecretSource } from './secret-source.ts';

/** What TLS contexts are made from besides their own messages; the same in all threads. */
export interface TlsMaterial {
  /** Of `static_resources.secrets`: two of different kinds may have one name. */
  secret(kind: SecretKind, name: string): Secret | undefined;
  /** Undefined until it has come. */
  secretOf(source: SecretSource): Secret | undefined;
  readFile(path: string): { readonly bytes: Uint8Array } | { readonly error: string };
  /** Tickets of all threads are encrypted with keys that come from this. */
  readonly ticketSecret: Uint8Array;
  /** A directory that is watched: what was read is read again, and `owner` is made anew, when it changes. */
  watch(directory: string): void;
  /** Remembers who is to be made anew. */
  register(owner: Reloadable): void;
}

/** What can be made anew from the files and secrets it was made from. */
export interface Reloadable {
  /** Keys of the secrets it is made from that are not the bootstrap's. */
  readonly sources: readonly string[];
  /** Tells what is wrong with what it would be made from: then it stays as it is. */
  reload(): readonly string[];
}

export type SecretKind = Exclude<Secret['type']['case'], undefined>;

export const TLS_MATERIAL = serviceKey<TlsMaterial>('TLS material');

/** The material of one thread. */
export class ThreadTlsMaterial implements TlsMaterial {
  readonly ticketSecret: Uint8Array;
  readonly watched = new Set<string>();
  /** Everything that was read, by path. */
  readonly files = new Map<string, Uint8Array>();
  /** Those that contexts asked for, by key. */
  readonly sources = new Map<string, SecretSource>();
  #secrets: ReadonlyMap<string, Secret>;
  readonly #sourced: Map<string, Secret>;
  readonly #owners = new Set<WeakRef<Reloadable>>();

  /** `sourced`: what has come from sources, by key. */
  constructor(secrets: readonly Secret[], ticketSecret: Uint8Array, sourced: ReadonlyMap<string, Secret> = new Map()) {
    this.#secrets = byName(secrets);
    this.#sourced = new Map(sourced);
    this.ticketSecret = ticketSecret;
  }

  secret(kind: SecretKind, name: string): Secret | undefined {
    return this.#secrets.get(secretKey(kind, name));
  }

  secretOf(source: SecretSource): Secret | undefined {
    this.sources.set(source.key, source);
    return this.#sourced.get(source.key);
  }

  readFile(path: string): { readonly bytes: Uint8Array } | { readonly error: string } {
    const known = this.files.get(path);
    const read = known === undefined ? readLocalFile(path, 0) : { bytes: known };
    if ('bytes' in read) this.files.set(path, read.bytes);
    return read;
  }

  watch(directory: string): void {
    this.watched.add(directory);
  }

  register(owner: Reloadable): void {
    this.#owners.add(new WeakRef(owner));
  }

  /** Secrets, and contents of files that count in place of what the disk holds by now: who was made from others is made anew. */
  update(secrets: readonly Secret[], sourced: ReadonlyMap<string, Secret>, files: ReadonlyMap<string, Uint8Array>): void {
    this.#secrets = byName(secrets);
    this.#sourced.clear();
    for (const [key, secret] of sourced) this.#sourced.set(key, secret);
    this.files.clear();
    for (const [path, bytes] of files) this.files.set(path, bytes);
    for (const owner of this.owners()) owner.reload();
  }

  /** Who is made from it is made anew. When it does not suit one of them nothing changes, and what is wrong is returned. */
  updateSource(key: string, secret: Secret): readonly string[] {
    const before = this.#sourced.get(key);
    this.#sourced.set(key, secret);
    const owners = this.owners().filter(({ sources }) => sources.includes(key));
    for (const [index, owner] of owners.entries()) {
      const problems = owner.reload();
      if (problems.length === 0) continue;
      if (before === undefined) this.#sourced.delete(key);
      else this.#sourced.set(key, before);
      for (const changed of owners.slice(0, index)) changed.reload();
      return problems;
    }
    return [];
  }

  /** Those that are still in use. */
  owners(): Reloadable[] {
    const owners: Reloadable[] = [];
    for (const reference of this.#owners) {
      const owner = reference.deref();
      if (owner === undefined) this.#owners.delete(reference);
      else owners.push(owner);
    }
    return owners;
  }
}

const secretKey = (kind: SecretKind | undefined, name: string): string => `${kind} ${name}`;

const KINDS: Readonly<Record<SecretKind, string>> = {
  tlsCertificate: 'TlsCertificate',
  validationContext: 'CertificateValidationContext',
  sessionTicketKeys: 'TlsSessionTicketKeys',
  genericSecret: 'GenericSecret',
};

/** What must hold of `static_resources.secrets` before anybody uses them. */
export function checkStaticSecrets(secrets: readonly Secret[], at: ConfigPath, problems: Problems): void {
  const seen = new Set<string>();
  secrets.forEach(({ name, type }, index) => {
    const secretAt = at.index(index);
    if (type.case === undefined) {
      problems.error(secretAt, 'A secret without a type; set one of tls_certificate, validation_context, session_ticket_keys, generic_secret');
      return;
    }
    const key = secretKey(type.case, name);
    if (seen.has(key)) problems.error(secretAt.field('name'), `Duplicate static ${KINDS[type.case]} secret name ${name}; give one of them another name`);
    seen.add(key);
  });
}

function byName(secrets: readonly Secret[]): ReadonlyMap<string, Secret> {
  return new Map(secrets.map((secret) => [secretKey(secret.type.case, secret.name), secret]));
}

/** What a DataSource holds, and how Envoy names where it came from. */
export interface Material {
  readonly bytes: Buffer;
  readonly origin: string;
}

/** Undefined when there is none, and after reporting why it cannot be read. */
export function readMaterial(source: DataSource | undefined, at: ConfigPath, context: CompileContext): Material | undefined {
  switch (source?.specifier.case) {
    case 'inlineString':
      return { bytes: Buffer.from(source.specifier.value), origin: '<inline>' };
    case 'inlineBytes':
      return { bytes: Buffer.from(source.specifier.value), origin: '<inline>' };
    case 'filename': {
      const path = source.specifier.value;
      const file = context.service(TLS_MATERIAL).readFile(path);
      if ('error' in file) context.error(at.field('filename'), file.error);
      return 'error' in file ? undefined : { bytes: Buffer.from(file.bytes), origin: path };
    }
    case 'environmentVariable': {
      const name = source.specifier.value;
      const value = context.service(PROCESS).variable(name);
      if (value === undefined) context.error(at.field('environment_variable'), `Environment variable doesn't exist: ${name}`);
      return value === undefined ? undefined : { bytes: Buffer.from(value), origin: '<inline>' };
    }
    default:
      return undefined;
  }
}
