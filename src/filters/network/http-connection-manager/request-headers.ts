import type { HeaderMap } from '../../../http/header-map.ts';
import { H, HeaderNameSet } from '../../../http/header-name.ts';
import type { ConnectionInfo, StreamInfo } from '../../../http/stream-info.ts';
import type { Address } from '../../../transport/transport.ts';
import { mutateForwardedClientCert } from './forwarded-client-cert.ts';
import type { AddressingConfig, ConnectionManagerConfig } from './config.ts';
import { addressFromEnd, appendForwardedFor, forwardedAddress } from './forwarded-for.ts';
import { HOP_BY_HOP, HOP_BY_HOP_OF_UPGRADES } from './hop-by-hop.ts';
import { isGoodReferer } from './referer.ts';
import { setRequestId } from './request-id.ts';

/** Only internal callers may set these. */
const INTERNAL_ONLY = new HeaderNameSet([
  H.envoyRetryOn,
  H.envoyRetryGrpcOn,
  H.envoyMaxRetries,
  H.envoyUpstreamAltStatName,
  H.envoyUpstreamRqTimeoutMs,
  H.envoyUpstreamRqPerTryTimeoutMs,
  H.envoyUpstreamRqTimeoutAltResponse,
  H.envoyUpstreamStreamDurationMs,
  H.envoyExpectedRqTimeoutMs,
  H.envoyForceTrace,
  H.envoyIpTags,
  H.envoyHedgeOnPerTryTimeout,
  H.envoyRetriableStatusCodes,
  H.envoyRetriableHeaderNames,
  H.envoyOriginalUrl,
]);

/** At the edge nobody outside may set these either. */
const NOT_FROM_THE_EDGE = new HeaderNameSet([
  H.envoyOriginalPath,
  H.envoyOriginalHost,
  H.envoyDecoratorOperation,
  H.envoyDownstreamServiceCluster,
  H.envoyDownstreamServiceNode,
]);

/**
 * Makes a request that came from the wire fit to be trusted: hop-by-hop fields go, the client's address is found and told,
 * headers that only internal callers may set are removed from others' requests, a request id is set.
 *
 * Returns whether a route may be looked for: as in Envoy, an empty x-forwarded-proto matches none.
 */
export function mutateRequestHeaders(headers: HeaderMap, info: StreamInfo, config: ConnectionManagerConfig, internalOnly: readonly string[]): boolean {
  removeHopByHop(headers, isUpgradeRequest(headers));
  if (config.hostPort !== 'keep' || config.stripTrailingHostDot) normaliseHost(headers, info, config);
  const addressing = config.addressing;
  const peer = info.connection.remoteAddress;
  const xff = headers.getJoined(H.xForwardedFor);
  let single: boolean;
  let client: Address;
  if (addressing.useRemoteAddress) {
    client = addressing.xffNumTrustedHops > 0 ? addressFromEnd(xff, addressing.xffNumTrustedHops - 1) ?? peer : peer;
    single = xff === undefined;
    if (!addressing.skipXffAppend) appendForwardedFor(headers, xff, forwardedAddress(peer, config.localAddress));
    if (addressing.xffNumTrustedHops === 0 || !headers.has(H.xForwardedProto)) {
      headers.set(H.xForwardedProto, protoOf(info.connection, addressing));
    }
  } else {
    if (addressing.detection === undefined) {
      const forwarded = addressFromEnd(xff, addressing.xffNumTrustedHops);
      client = forwarded ?? peer;
      single = forwarded !== undefined && !xff!.includes(',');
    } else {
      const detection = addressing.detection.detect(headers, peer);
      client = detection.address ?? peer;
      single = detection.trusted;
      if (detection.appendsXff) appendForwardedFor(headers, xff, forwardedAddress(peer, config.localAddress));
    }
    if (!headers.has(H.xForwardedProto)) headers.set(H.xForwardedProto, protoOf(info.connection, addressing));
  }
  if (addressing.appendXForwardedPort) setForwardedPort(headers, info, addressing);
  info.remoteAddress = client;
  const proto = headers.get(H.xForwardedProto);
  if (headers.scheme === '') headers.scheme = schemeOf(proto, info.connection);
  const internal = single && addressing.isInternalAddress(client);
  const edge = !internal && addressing.useRemoteAddress;
  headers.remove(H.envoyInternal);
  if (internal) headers.add(H.envoyInternal, 'true');
  else {
    headers.removeAll(INTERNAL_ONLY);
    for (const name of internalOnly) headers.removeText(name);
  }
  if (edge) headers.removeAll(NOT_FROM_THE_EDGE);
  const referer = headers.get(H.referer);
  if (referer !== undefined && !isGoodReferer(referer)) headers.remove(H.referer);
  if (config.userAgent !== undefined) setUserAgent(headers, config.userAgent);
  if (config.via !== '') {
    const via = headers.get(H.via);
    headers.set(H.via, via === undefined ? config.via : `${via}, ${config.via}`);
  }
  if (edge) headers.set(H.envoyExternalAddress, client.host);
  setRequestId(headers, info, config, edge);
  if (config.forwardedClientCert !== undefined) mutateForwardedClientCert(headers, info, config.forwardedClientCert);
  if (config.schemeToOverwrite !== '') {
    headers.scheme = config.schemeToOverwrite;
    headers.set(H.xForwardedProto, config.schemeToOverwrite);
    return true;
  }
  return proto !== '';
}

/** What is said of the connection to the client before this one, if that makes sense; else what this one is. */
function schemeOf(forwardedProto: string | undefined, { secure }: ConnectionInfo): 'http' | 'https' {
  if (forwardedProto === 'http' || forwardedProto === 'https') return forwardedProto;
  const proto = forwardedProto?.toLowerCase();
  return proto === 'http' || proto === 'https' ? proto : secure ? 'https' : 'http';
}

/** What the port of a PROXY header says, else what the connection is. */
function protoOf({ localAddress, directLocalAddress, secure }: ConnectionInfo, { protoOfPort }: AddressingConfig): 'http' | 'https' {
  const ofPort = protoOfPort !== undefined && localAddress.text !== directLocalAddress.text ? protoOfPort.get(localAddress.port) : undefined;
  return ofPort ?? (secure ? 'https' : 'http');
}

/** The codec has removed what Connection names, and of a TE named there has kept trailers in any case of letters; here, as in Envoy, their case counts. */
function removeHopByHop(headers: HeaderMap, isUpgrade: boolean): void {
  headers.removeAll(isUpgrade ? HOP_BY_HOP_OF_UPGRADES : HOP_BY_HOP);
  const te = headers.get(H.te);
  if (te !== undefined && te !== 'trailers') {
    if (te.split(',').some((part) => part.trim() === 'trailers')) headers.set(H.te, 'trailers');
    else headers.remove(H.te);
  }
}

/** Connection and Upgrade together ask for another protocol (RFC 9110 §7.8). */
function isUpgradeRequest(headers: HeaderMap): boolean {
  if (!headers.has(H.upgrade)) return false;
  return headers.get(H.connection)?.toLowerCase().split(',').some((part) => part.trim() === 'upgrade') ?? false;
}

function normaliseHost(headers: HeaderMap, info: StreamInfo, config: ConnectionManagerConfig): void {
  let host = headers.authority;
  if (config.stripTrailingHostDot) host = withoutTrailingDot(host);
  if (config.hostPort !== 'keep') {
    const colon = portColon(host);
    const port = colon === -1 ? -1 : portNumber(host.slice(colon + 1));
    if (port !== -1 && (config.hostPort === 'strip' || port === info.connection.localAddress.port)) {
      if (headers.method === 'CONNECT') info.connectPort = host.slice(colon);
      host = host.slice(0, colon);
    }
  }
  headers.authority = host;
}

/** -1 when it is none. */
function portNumber(text: string): number {
  return /^\d{1,5}$/.test(text) && Number(text) <= 0xffff ? Number(text) : -1;
}

/** Where the port begins, -1 when there is none; the colons of an IPv6 literal do not count. */
function portColon(host: string): number {
  const colon = host.lastIndexOf(':');
  return colon > host.lastIndexOf(']') ? colon : -1;
}

function withoutTrailingDot(host: string): string {
  const colon = portColon(host);
  const name = colon === -1 ? host : host.slice(0, colon);
  return name.endsWith('.') ? name.slice(0, -1) + (colon === -1 ? '' : host.slice(colon)) : host;
}

/** `append_x_forwarded_port`: kept when a trusted hop has set it. */
function setForwardedPort(headers: HeaderMap, info: StreamInfo, addressing: AddressingConfig): void {
  const direct = addressing.useRemoteAddress && addressing.xffNumTrustedHops === 0;
  if (direct || !headers.has(H.xForwardedPort)) headers.set(H.xForwardedPort, String(info.connection.localAddress.port));
}

/** `add_user_agent`. */
function setUserAgent(headers: HeaderMap, agent: { readonly cluster: string; readonly node: string }): void {
  headers.set(H.envoyDownstreamServiceCluster, agent.cluster);
  if (!headers.has(H.userAgent)) headers.add(H.userAgent, agent.cluster);
  if (agent.node !== '') headers.set(H.envoyDownstreamServiceNode, agent.node);
}
