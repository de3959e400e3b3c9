import type { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';
import type { StreamInfo } from '../../../http/stream-info.ts';
import type { Address } from '../../../transport/transport.ts';
import type { ConnectionManagerConfig } from './config.ts';
import { parseIpAddress } from './ip-address.ts';

/** Only trusted callers may set these (facts of Envoy's header sanitising). */
const UNTRUSTED = [
  H.envoyRetryOn,
  H.envoyRetryGrpcOn,
  H.envoyMaxRetries,
  H.envoyUpstreamAltStatName,
  H.envoyUpstreamRqTimeoutMs,
  H.envoyUpstreamRqPerTryTimeoutMs,
  H.envoyUpstreamRqTimeoutAltResponse,
  H.envoyExpectedRqTimeoutMs,
  H.envoyForceTrace,
  H.envoyIpTags,
  H.envoyOriginalPath,
  H.envoyHedgeOnPerTryTimeout,
  H.envoyRetriableStatusCodes,
  H.envoyRetriableHeaderNames,
];

/**
 * Makes a request that came from the wire fit to be trusted: hop-by-hop fields go, the client's address is found and told,
 * headers that only internal callers may set are removed from others' requests, a request id is set.
 */
export function mutateRequestHeaders(headers: HeaderMap, info: StreamInfo, config: ConnectionManagerConfig, internalOnly: readonly string[]): void {
  removeHopByHop(headers);
  const addressing = config.addressing;
  const peer = info.connection.remoteAddress;
  const xff = headers.getJoined(H.xForwardedFor);
  let single: boolean;
  let client: Address;
  if (addressing.useRemoteAddress) {
    client = addressing.xffNumTrustedHops > 0 ? addressFromEnd(xff, addressing.xffNumTrustedHops - 1) ?? peer : peer;
    single = xff === undefined || xff === '';
    if (!addressing.skipXffAppend) appendForwardedFor(headers, xff, forwardedAddress(info));
    if (addressing.xffNumTrustedHops === 0 || !headers.has(H.xForwardedProto)) {
      headers.set(H.xForwardedProto, info.connection.secure ? 'https' : 'http');
    }
  } else {
    client = addressFromEnd(xff, addressing.xffNumTrustedHops) ?? peer;
    single = xff !== undefined && !xff.includes(',');
    if (!headers.has(H.xForwardedProto)) headers.set(H.xForwardedProto, info.connection.secure ? 'https' : 'http');
  }
  info.remoteAddress = client;
  if (headers.scheme === '') headers.scheme = headers.get(H.xForwardedProto) === 'https' ? 'https' : 'http';
  const internal = single && addressing.isInternalAddress(client);
  const edge = !internal && addressing.useRemoteAddress;
  if (internal) headers.set(H.envoyInternal, 'true');
  else {
    headers.remove(H.envoyInternal);
    for (const name of UNTRUSTED) headers.remove(name);
    for (const name of internalOnly) headers.removeText(name);
  }
  if (edge) {
    headers.remove(H.envoyDecoratorOperation);
    headers.remove(H.envoyDownstreamServiceCluster);
    headers.remove(H.envoyDownstreamServiceNode);
    headers.set(H.envoyExternalAddress, client.host);
  }
  setRequestId(headers, info, config, edge);
  if (config.via !== '') {
    const via = headers.get(H.via);
    headers.set(H.via, via === undefined ? config.via : `${via}, ${config.via}`);
  }
}

function removeHopByHop(headers: HeaderMap): void {
  const connection = headers.getJoined(H.connection);
  if (connection !== undefined) {
    if (connection !== 'keep-alive' && connection !== 'close') removeNominated(headers, connection);
    headers.remove(H.connection);
  }
  headers.remove(H.upgrade);
  headers.remove(H.keepAlive);
  headers.remove(H.proxyConnection);
  headers.remove(H.transferEncoding);
  const te = headers.getJoined(H.te);
  if (te !== undefined && te !== 'trailers') {
    if (te.toLowerCase().split(',').some((part) => part.trim() === 'trailers')) headers.set(H.te, 'trailers');
    else headers.remove(H.te);
  }
}

/** Fields that Connection names are for this hop only (RFC 9110 §7.6.1). */
function removeNominated(headers: HeaderMap, connection: string): void {
  for (const part of connection.toLowerCase().split(',')) {
    const name = part.trim();
    if (name === '' || name === 'close' || name === 'keep-alive' || name === 'te') continue;
    headers.removeText(name);
  }
}

function appendForwardedFor(headers: HeaderMap, xff: string | undefined, address: string): void {
  headers.set(H.xForwardedFor, xff === undefined || xff === '' ? address : `${xff},${address}`);
}

/** The peer's address; the machine's own for a peer on the loopback, as Envoy does. */
function forwardedAddress(info: StreamInfo): string {
  return info.connection.remoteAddress.host;
}

/** The address `fromEnd` places before the last of an X-Forwarded-For list. */
export function addressFromEnd(xff: string | undefined, fromEnd: number): Address | undefined {
  if (xff === undefined || xff === '') return undefined;
  let end = xff.length;
  for (let skipped = 0; skipped < fromEnd; skipped++) {
    end = xff.lastIndexOf(',', end - 1);
    if (end <= 0) return undefined;
  }
  const start = xff.lastIndexOf(',', end - 1) + 1;
  return parseIpAddress(xff.substring(start, end).trim());
}

function setRequestId(headers: HeaderMap, info: StreamInfo, config: ConnectionManagerConfig, edge: boolean): void {
  let id = headers.get(H.xRequestId);
  if (config.generateRequestId && (id === undefined || id === '' || (edge && !config.preserveExternalRequestId))) {
    id = config.random.uuid();
    headers.set(H.xRequestId, id);
  }
  info.requestId = id ?? '';
}

