import type { DataSource } from '../../api/generated/envoy/config/core/v3.ts';
import type { DiscoveryResponse, Resource } from '../../api/generated/envoy/service/discovery/v3.ts';
import type { Secret } from '../../api/generated/envoy/extensions/transport_sockets/tls/v3.ts';
import { schemaOf } from '../../api/registry.ts';
import { loadFile, loadResource } from '../../config/loader.ts';
import { checkSupport } from '../../config/support-walk.ts';
import type { AnyMessage } from '../../core/extension.ts';
import { readLocalFile } from '../../core/local-file.ts';
import { ConfigPath, formatProblem, type Problem } from '../../core/problems.ts';
import type { SecretSource } from '../../tls/secret-source.ts';
import { folderOf } from '../file-watch.ts';
import { supportTable } from '../support-tables.ts';

/** What a file says; its secret may name other files. */
export type SecretFile =
  | { readonly kind: 'read'; readonly secret: Secret; readonly version: string }
  /** It is no message. */
  | { readonly kind: 'unreadable'; readonly reason: string }
  /** It is one, and not the secret that was asked for. */
  | { readonly kind: 'unfit'; readonly reason: string };

const RESPONSE = 'envoy.service.discovery.v3.DiscoveryResponse';
const ENVELOPE = 'envoy.service.discovery.v3.Resource';
const SECRET = 'envoy.extensions.transport_sockets.tls.v3.Secret';

/** Reads a file that holds a DiscoveryResponse with one secret. The sentences of what is unfit are Envoy's. */
export function readSecretFile({ path, name }: SecretSource): SecretFile {
  const { message, problems } = loadFile(schemaOf(RESPONSE), path);
  if (message === undefined || !problems.ok) return { kind: 'unreadable', reason: formatProblem(problems.errors[0]!) };
  const { resources, versionInfo } = message as unknown as DiscoveryResponse;
  const unfit = (reason: string): SecretFile => ({ kind: 'unfit', reason });
  if (resources.length === 0) return unfit(`Missing SDS resources for ${name} in onConfigUpdate()`);
  if (resources.length > 1) return unfit(`Unexpected SDS secrets length for ${name}, number of added resources ${resources.length}, number of removed resources 0. Expected sum is 1`);
  const schema = schemaOf(SECRET);
  const at = ConfigPath.root.field('resources').index(0);
  const loaded = loadResource(schema, unwrapped(resources[0]!, at), at, { unknownFieldPolicy: 'warn' });
  if (loaded.message !== undefined && loaded.problems.ok) checkSupport(schema, loaded.message, supportTable(), loaded.problems, at);
  if (loaded.message === undefined || !loaded.problems.ok) return unfit(firstOf(loaded.problems.errors));
  const secret = loaded.message as unknown as Secret;
  return secret.name === name ? { kind: 'read', secret, version: versionInfo } : unfit(`Unexpected SDS secret (expecting ${name}): ${secret.name}`);
}

/** A resource may stand in an envelope that has its name and version. */
function unwrapped(resource: AnyMessage, at: ConfigPath): AnyMessage {
  if (!resource.typeUrl.endsWith(`/${ENVELOPE}`)) return resource;
  const { message } = loadResource(schemaOf(ENVELOPE), resource, at, { unknownFieldPolicy: 'warn' });
  return (message as unknown as Resource | undefined)?.resource ?? resource;
}

function firstOf([problem]: readonly Problem[]): string {
  return formatProblem(problem!);
}

/** The same secret with the contents of the files it names, read now; or why one cannot be read. */
export function withContents(secret: Secret): { readonly secret: Secret } | { readonly reason: string } {
  const copy = structuredClone(secret);
  if (copy.type.case === 'tlsCertificate' || copy.type.case === 'validationContext') copy.type.value.watchedDirectory = undefined!;
  for (const source of dataSourcesOf(copy)) {
    if (source.specifier.case !== 'filename') continue;
    const read = readLocalFile(source.specifier.value, 0);
    if ('error' in read) return { reason: read.error };
    source.specifier = { case: 'inlineBytes', value: read.bytes };
  }
  return { secret: copy };
}

/** In which something is renamed when a file that the secret names has changed. */
export function foldersOf(secret: Secret): string[] {
  const { type } = secret;
  const paths = dataSourcesOf(secret).flatMap(({ specifier }) => (specifier.case === 'filename' ? [specifier.value] : []));
  if (paths.length === 0) return [];
  const watched = type.case === 'tlsCertificate' || type.case === 'validationContext' ? type.value.watchedDirectory?.path : undefined;
  return watched === undefined ? paths.map(folderOf) : [watched];
}

function dataSourcesOf({ type }: Secret): DataSource[] {
  switch (type.case) {
    case 'tlsCertificate':
      return present(type.value.certificateChain, type.value.privateKey, type.value.pkcs12, type.value.password);
    case 'validationContext':
      return present(type.value.trustedCa, type.value.crl);
    case 'sessionTicketKeys':
      return type.value.keys;
    case 'genericSecret':
      return present(type.value.secret);
    default:
      return [];
  }
}

function present(...sources: readonly (DataSource | undefined)[]): DataSource[] {
  return sources.filter((source) => source !== undefined);
}
