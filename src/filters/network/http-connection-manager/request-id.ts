import type { HttpConnectionManager as ManagerMessage } from '../../../api/generated/envoy/extensions/filters/network/http_connection_manager/v3.ts';
import type { UuidRequestIdConfig } from '../../../api/generated/envoy/extensions/request_id/uuid/v3.ts';
import type { CompileContext, Extension } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';
import type { StreamInfo } from '../../../http/stream-info.ts';
import type { ConnectionManagerConfig } from './config.ts';

/** How the id says why a request is traced: the digit that in a version 4 UUID is the version. */
const REASON_AT = 14;
const UUID_LENGTH = 36;
const NOT_TRACED = '4';

/** Sets `x-request-id` where it is missing, or at the edge where nobody outside may choose it, and remembers it. */
export function setRequestId(headers: HeaderMap, info: StreamInfo, config: ConnectionManagerConfig, edge: boolean): void {
  let id = headers.get(H.xRequestId) ?? '';
  if (config.generateRequestId) {
    if (id === '' || (edge && !config.preserveExternalRequestId)) headers.set(H.xRequestId, (id = config.random.uuid()));
    else if (edge && config.packTraceReason && id.length === UUID_LENGTH && id[REASON_AT] !== NOT_TRACED) {
      // An id from outside is kept; what it says about tracing is not.
      headers.set(H.xRequestId, (id = id.slice(0, REASON_AT) + NOT_TRACED + id.slice(REASON_AT + 1)));
    }
  }
  info.requestId = id;
}

/** What a request id extension yields. */
export interface RequestIdRules {
  readonly packTraceReason: boolean;
}

export const uuidRequestIdExtension: Extension<UuidRequestIdConfig, RequestIdRules> = {
  name: 'envoy.request_id.uuid',
  category: 'envoy.request_id',
  configType: 'envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig',
  compile: ({ packTraceReason }) => ({ packTraceReason: packTraceReason ?? true }),
};

export function compileRequestId(message: ManagerMessage, at: ConfigPath, context: CompileContext): RequestIdRules {
  const typedConfig = message.requestIdExtension?.typedConfig;
  if (typedConfig === undefined) return { packTraceReason: true };
  const idAt = at.field('request_id_extension');
  const resolved = context.resolve('envoy.request_id', '', typedConfig, idAt, false);
  return (resolved?.extension.compile(resolved.config, idAt.field('typed_config'), context) as RequestIdRules | undefined) ?? { packTraceReason: true };
}
