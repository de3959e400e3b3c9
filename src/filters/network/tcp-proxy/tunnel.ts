import type { TcpProxy_TunnelingConfig } from '../../../api/generated/envoy/extensions/filters/network/tcp_proxy/v3.ts';
import type { CompileContext } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import type { Random } from '../../../core/random.ts';
import { FilterState, type FilterStateObject } from '../../../http/filter-state.ts';
import { compileTargetFormat, type Format } from '../../../http/format/format.ts';
import { withFormatters } from '../../../http/format/formatters.ts';
import { compileHeaderMutation } from '../../../http/header-mutation.ts';
import { HeaderMap } from '../../../http/header-map.ts';
import { H, type HeaderName, headerName } from '../../../http/header-name.ts';
import type { HeaderMutation } from '../../../http/route/route.ts';
import type { StreamInfo } from '../../../http/stream-info.ts';

const METADATA_NAMESPACE = 'envoy.filters.network.tcp_proxy';
const HEADERS_STATE = 'envoy.tcp_proxy.propagate_response_headers';
const TRAILERS_STATE = 'envoy.tcp_proxy.propagate_response_trailers';

/** Where the id of a tunnel is told: to the upstream, and to access logs. */
interface TunnelId {
  readonly header: HeaderName;
  readonly metadataKey: string;
  readonly random: Random;
}

interface TunnelParts {
  readonly hostname: Format;
  /** Undefined: CONNECT. */
  readonly postPath: string | undefined;
  readonly headers: HeaderMutation | undefined;
  readonly id: TunnelId | undefined;
  readonly keepsHeaders: boolean;
  readonly keepsTrailers: boolean;
}

/** A compiled `tunneling_config`: the request that a connection becomes the body of. */
export class Tunnel {
  readonly #parts: TunnelParts;

  constructor(parts: TunnelParts) {
    this.#parts = parts;
  }

  request(info: StreamInfo): HeaderMap {
    const { hostname, postPath, headers: added, id } = this.#parts;
    const headers = new HeaderMap();
    headers.method = postPath === undefined ? 'CONNECT' : 'POST';
    headers.authority = hostname.format({ info, requestHeaders: undefined, responseHeaders: undefined });
    headers.hasHost = true;
    if (postPath !== undefined) {
      headers.path = postPath;
      headers.scheme = 'http';
    }
    if (id !== undefined) setId(id, headers, info);
    added?.apply(headers, { info, requestHeaders: headers, responseHeaders: undefined });
    return headers;
  }

  /** Any answer of success opens it. */
  opensWith(status: number): boolean {
    return status >= 200 && status < 300;
  }

  onHeaders(headers: HeaderMap, info: StreamInfo): void {
    if (this.#parts.keepsHeaders) keep(HEADERS_STATE, headers, info);
  }

  onTrailers(trailers: HeaderMap, info: StreamInfo): void {
    if (this.#parts.keepsTrailers) keep(TRAILERS_STATE, trailers, info);
  }
}

function setId({ header, metadataKey, random }: TunnelId, headers: HeaderMap, info: StreamInfo): void {
  const id = random.uuid();
  headers.set(header, id);
  const metadata = (info.metadata ??= new Map());
  metadata.set(METADATA_NAMESPACE, { ...metadata.get(METADATA_NAMESPACE), [metadataKey]: id });
}

function keep(key: string, headers: HeaderMap, info: StreamInfo): void {
  const lines = headers.status === 0 ? [] : [{ key: ':status', value: String(headers.status) }];
  headers.forEach((name, value) => lines.push({ key: name, value }));
  (info.filterState ??= new FilterState()).set(key, new KeptHeaders(lines));
}

/** `envoy.config.core.v3.HeaderMap`. */
class KeptHeaders implements FilterStateObject {
  readonly plain = undefined;
  readonly fields: FilterStateObject['fields'];

  constructor(headers: readonly { readonly key: string; readonly value: string }[]) {
    this.fields = { headers };
  }
}

/** Undefined: connections are not tunnelled. */
export function compileTunnel(message: TcpProxy_TunnelingConfig | undefined, at: ConfigPath, outside: CompileContext): Tunnel | undefined {
  if (message === undefined) return undefined;
  const context = withFormatters(message.formatters, at.field('formatters'), outside);
  const { usePost, postPath } = message;
  if (!usePost && postPath !== '') context.error(at.field('post_path'), "Can't set a post path when POST method isn't used");
  const hostname = compileTargetFormat(message.hostname, '', at.field('hostname'), context);
  const headers = compileHeaderMutation({ add: message.headersToAdd, addAt: at.field('headers_to_add'), remove: [], removeAt: at }, context);
  return hostname && new Tunnel({
    hostname,
    postPath: usePost ? postPath || '/' : undefined,
    headers,
    id: compileId(message, at, context),
    keepsHeaders: message.propagateResponseHeaders,
    keepsTrailers: message.propagateResponseTrailers,
  });
}

/** Undefined: a tunnel has none. */
function compileId({ requestIdExtension, requestIdHeader, requestIdMetadataKey }: TcpProxy_TunnelingConfig, at: ConfigPath, context: CompileContext): TunnelId | undefined {
  const typedConfig = requestIdExtension?.typedConfig;
  if (typedConfig === undefined) return undefined;
  // All there are make UUIDs.
  const idAt = at.field('request_id_extension');
  if (context.resolve('envoy.request_id', '', typedConfig, idAt, false) === undefined) return undefined;
  return { header: requestIdHeader === '' ? H.xRequestId : headerName(requestIdHeader), metadataKey: requestIdMetadataKey || 'tunnel_request_id', random: context.random };
}
