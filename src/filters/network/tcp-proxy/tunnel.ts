import type { TcpProxy_TunnelingConfig } from '../../../api/generated/envoy/extensions/filters/network/tcp_proxy/v3.ts';
import type { CompileContext } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import { compileTargetFormat, type Format } from '../../../http/format/format.ts';
import { withFormatters } from '../../../http/format/formatters.ts';
import { compileHeaderMutation } from '../../../http/header-mutation.ts';
import { HeaderMap } from '../../../http/header-map.ts';
import type { HeaderMutation } from '../../../http/route/route.ts';
import type { StreamInfo } from '../../../http/stream-info.ts';

/** A compiled `tunneling_config`: the request that a connection becomes the body of. */
export class Tunnel {
  readonly #hostname: Format;
  readonly #usePost: boolean;
  readonly #postPath: string;
  readonly #headers: HeaderMutation | undefined;

  constructor(hostname: Format, { usePost, postPath }: TcpProxy_TunnelingConfig, headers: HeaderMutation | undefined) {
    this.#hostname = hostname;
    this.#usePost = usePost;
    this.#postPath = postPath === '' ? '/' : postPath;
    this.#headers = headers;
  }

  request(info: StreamInfo): HeaderMap {
    const headers = new HeaderMap();
    headers.method = this.#usePost ? 'POST' : 'CONNECT';
    headers.authority = this.#hostname.format({ info, requestHeaders: undefined, responseHeaders: undefined });
    headers.hasHost = true;
    if (this.#usePost) {
      headers.path = this.#postPath;
      headers.scheme = 'http';
    }
    this.#headers?.apply(headers, { info, requestHeaders: headers, responseHeaders: undefined });
    return headers;
  }

  /** Any answer of success opens it. */
  opensWith(status: number): boolean {
    return status >= 200 && status < 300;
  }
}

/** Undefined: connections are not tunnelled. */
export function compileTunnel(message: TcpProxy_TunnelingConfig | undefined, at: ConfigPath, outside: CompileContext): Tunnel | undefined {
  if (message === undefined) return undefined;
  const context = withFormatters(message.formatters, at.field('formatters'), outside);
  if (!message.usePost && message.postPath !== '') context.error(at.field('post_path'), "Can't set a post path when POST method isn't used");
  const hostname = compileTargetFormat(message.hostname, '', at.field('hostname'), context);
  const headers = compileHeaderMutation({ add: message.headersToAdd, addAt: at.field('headers_to_add'), remove: [], removeAt: at }, context);
  return hostname && new Tunnel(hostname, message, headers);
}
