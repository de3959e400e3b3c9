import type { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';
import type { StreamInfo } from '../../../http/stream-info.ts';

const isWeb = (scheme: string): boolean => scheme === 'http' || scheme === 'https';

/** What an upstream is told: how it is spoken to, or what the client has said, while that is a scheme of the web. */
export function upstreamScheme(headers: HeaderMap, info: StreamInfo, matchesUpstream: boolean): string {
  if (matchesUpstream) return info.upstreamTls === undefined ? 'http' : 'https';
  if (isWeb(headers.scheme)) return headers.scheme;
  const proto = headers.get(H.xForwardedProto) ?? '';
  if (isWeb(proto)) return proto;
  return info.connection.secure ? 'https' : 'http';
}
