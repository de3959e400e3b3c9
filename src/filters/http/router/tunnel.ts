import type { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';
import type { ForwardRoute } from '../../../http/route/route.ts';

/**
 * A request that asks its peer for another protocol. Its body is that protocol: nothing of it goes upstream before the upstream has agreed, or
 * what a client sends behind a refused request would be taken for the next one.
 */
export type TunnelKind = 'none' | 'connect' | 'websocket' | 'upgrade';

/** The manager leaves Upgrade only on requests that it lets through; of codecs that say it otherwise, it is set in its place. */
export function tunnelKind(headers: HeaderMap): TunnelKind {
  const protocol = headers.get(H.upgrade);
  if (headers.method === 'CONNECT') return 'connect';
  if (protocol === undefined) return 'none';
  return protocol.toLowerCase() === 'websocket' ? 'websocket' : 'upgrade';
}

export function isUpgrade(kind: TunnelKind): boolean {
  return kind === 'websocket' || kind === 'upgrade';
}

export function opensTunnel(kind: TunnelKind, status: number): boolean {
  return kind === 'connect' ? status >= 200 && status < 300 : status === 101;
}

/** A WebSocket has no use for another answer that is no error: its head goes to the client, its body does not. */
export function refusesWebSocket(kind: TunnelKind, status: number): boolean {
  return kind === 'websocket' && status !== 101 && status < 400;
}

/** The tunnel ends here: what is in it goes to the cluster as it is. */
export function endsHere(route: ForwardRoute, method: string): boolean {
  const { connect } = route;
  return connect !== undefined && (method === 'CONNECT' || (connect.allowPost && method === 'POST'));
}

/** For the answer in place of one that does not open the tunnel. */
export function copyFields(from: HeaderMap, to: HeaderMap): void {
  from.forEach((name, value) => {
    if (name !== 'content-length' && name !== 'transfer-encoding') to.addText(name, value);
  });
}
