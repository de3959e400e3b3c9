import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Bootstrap } from '../api/generated/envoy/config/bootstrap/v3.ts';
import type { Secret } from '../api/generated/envoy/extensions/transport_sockets/tls/v3.ts';
import { schemaOf } from '../api/registry.ts';
import type { TlsContextReport } from '../tls/context-report.ts';
import type { ThreadTlsMaterial } from '../tls/material.ts';
import type { TlsMaterialMessage } from './messages.ts';

/** What the TLS contexts of a configuration were made from. */
export interface JudgedTls extends TlsMaterialMessage {
  /** Directories whose changes mean that files have changed. */
  readonly watched: readonly string[];
  readonly contexts: readonly TlsContextReport[];
}

const SECRET = 'envoy.extensions.transport_sockets.tls.v3.Secret';

export function tlsMaterialOf(bootstrap: Bootstrap, { files, watched, contexts }: ThreadTlsMaterial): JudgedTls {
  const secrets = (bootstrap.staticResources?.secrets ?? []).map((secret) => toBinary(schemaOf(SECRET), secret as never));
  return { secrets, files, watched: [...watched], contexts };
}

export function decodeSecret(bytes: Uint8Array): Secret {
  return fromBinary(schemaOf(SECRET), bytes) as unknown as Secret;
}
