import type { ServerEncoder } from '../../../http/codec/codec.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';
import type { StreamInfo } from '../../../http/stream-info.ts';
import type { StreamConnection } from './active-stream.ts';
import type { ConnectionManagerConfig } from './config.ts';
import { HOP_BY_HOP, HOP_BY_HOP_OF_UPGRADES } from './hop-by-hop.ts';

let dateText = '';
let dateSecond = -1;

/** `Date` (RFC 9110 §6.6.1); the text is made once a second. */
function httpDate(wallMs: number): string {
  const second = Math.floor(wallMs / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(second * 1000).toUTCString();
  }
  return dateText;
}

/**
 * What every response gets on its way out, whoever made it. `requestId`: to be told to the client. `upgrades`: it answers an upgrade
 * and speaks of one.
 */
export function mutateResponseHeaders(headers: HeaderMap, info: StreamInfo, config: ConnectionManagerConfig, requestId: string | undefined, upgrades: boolean): void {
  headers.removeAll(upgrades ? HOP_BY_HOP_OF_UPGRADES : HOP_BY_HOP);
  if (!headers.has(H.date)) headers.add(H.date, httpDate(config.clock.wallMs()));
  if (config.serverHeader === 'overwrite') headers.set(H.server, config.serverName);
  else if (config.serverHeader === 'append-if-absent' && !headers.has(H.server)) headers.add(H.server, config.serverName);
  if (requestId !== undefined) headers.set(H.xRequestId, requestId);
  if (config.via !== '') appendValue(headers, config.via);
  config.proxyStatus?.apply(headers, info);
}

/** `Connection` of an answer over HTTP/1. True when the connection ends with it; `closes`: it does anyway. */
export function tellConnection(headers: HeaderMap, encoder: ServerEncoder, connection: StreamConnection, closes: boolean): boolean {
  if (encoder.multiplexed) {
    connection.shouldCloseAfterResponse(encoder);
    return closes;
  }
  // HTTP/1.0 knows no other end of a body without length; Envoy does not ask whether there is one.
  const endless = encoder.minorVersion === 0 && !headers.has(H.contentLength);
  if (closes || endless || connection.shouldCloseAfterResponse(encoder)) {
    headers.set(H.connection, 'close');
    return true;
  }
  if (connection.asksToClose) headers.set(H.connection, 'close');
  else if (encoder.keepAliveRequested) headers.set(H.connection, 'keep-alive');
  return false;
}

function appendValue(headers: HeaderMap, via: string): void {
  const present = headers.get(H.via);
  headers.set(H.via, present === undefined ? via : `${present}, ${via}`);
}
