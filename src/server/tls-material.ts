import type { Bootstrap } from '../api/generated/envoy/config/bootstrap/v3.ts';
import type { Secret } from '../api/generated/envoy/extensions/transport_sockets/tls/v3.ts';
import { fromBinary, toBinary } from '../api/protobuf.ts';
import { schemaOf } from '../api/registry.ts';
import type { Reloadable, ThreadTlsMaterial } from '../tls/material.ts';
import { ReloadableContext } from '../tls/reloadable-context.ts';

/** What the TLS contexts of a configuration were made from. */
export interface JudgedTls {
  readonly secrets: readonly Uint8Array[];
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Directories whose changes mean that files have changed. */
  readonly watched: readonly string[];
  readonly material: ThreadTlsMaterial;
  /** All that is made anew: the material holds it weakly. */
  readonly owners: readonly Reloadable[];
  readonly contexts: readonly ReloadableContext<unknown>[];
}

const SECRET = 'envoy.extensions.transport_sockets.tls.v3.Secret';

/** To be called when the contexts have just been made. */
export function tlsMaterialOf(bootstrap: Bootstrap, material: ThreadTlsMaterial): JudgedTls {
  const secrets = (bootstrap.staticResources?.secrets ?? []).map(encodeSecret);
  const owners = material.owners();
  return { secrets, files: material.files, watched: [...material.watched], material, owners, contexts: owners.filter((owner) => owner instanceof ReloadableContext) };
}

export function encodeSecret(secret: Secret): Uint8Array {
  return toBinary(schemaOf(SECRET), secret as never);
}

export function decodeSecret(bytes: Uint8Array): Secret {
  return fromBinary(schemaOf(SECRET), bytes) as unknown as Secret;
}
