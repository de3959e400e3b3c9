import { wireText } from '../../core/wire-text.ts';
import { grpcStatusOfResponse, isGrpcRequest } from '../grpc-status.ts';
import { ROUTE_RESOLUTION, type RouteResolution } from '../route/measured-route-table.ts';
import type { ByteCounts, StreamInfo } from '../stream-info.ts';
import type { Host } from '../upstream.ts';
import { GRPC_STATUS_CAMEL, GRPC_STATUS_SNAKE } from './grpc-status-names.ts';
import {
  type FormatContext, type Operator, type OperatorArguments, type OperatorCompiler, nonEmptyTextOperator, numberOperator, plain, textOperator, withoutLength,
} from './operator.ts';
import { longResponseFlagsText, responseFlagsText } from './response-flags.ts';

const number = (read: (context: FormatContext) => number | undefined): OperatorCompiler => plain(() => numberOperator(read));
const text = (read: (context: FormatContext) => string | undefined): OperatorCompiler => plain(() => textOperator(read));
/** For text that is '' while unknown. */
const known = (read: (context: FormatContext) => string): OperatorCompiler => plain(() => nonEmptyTextOperator(read));

export const STREAM_OPERATORS: Readonly<Record<string, OperatorCompiler>> = {
  PROTOCOL: text(({ info }) => (info.protocol === '' ? undefined : info.protocol)),
  UPSTREAM_PROTOCOL: known(({ info }) => info.upstreamProtocol),
  RESPONSE_CODE: number(({ info }) => info.responseCode),
  RESPONSE_CODE_DETAILS: withoutLength(({ params }) =>
    nonEmptyTextOperator(({ info }) => (params === 'ALLOW_WHITESPACES' ? info.responseCodeDetails : underscored(info.responseCodeDetails))),
  ),
  RESPONSE_FLAGS: text(({ info }) => responseFlagsText(info.responseFlags)),
  RESPONSE_FLAGS_LONG: text(({ info }) => longResponseFlagsText(info.responseFlags)),
  CUSTOM_FLAGS: text(() => ''),
  LOCAL_REPLY_BODY: text(({ localReplyBody }) => localReplyBody ?? ''),
  ACCESS_LOG_TYPE: text(({ type }) => type ?? 'NotSet'),
  GRPC_STATUS: withoutLength(compileGrpcStatus),
  GRPC_STATUS_NUMBER: number(grpcStatus),
  CONNECTION_TERMINATION_DETAILS: known(({ info }) => info.connection.terminationDetails),

  BYTES_RECEIVED: number(({ info }) => info.bytesReceived),
  BYTES_SENT: number(({ info }) => info.bytesSent),
  REQUEST_HEADERS_BYTES: number(({ requestHeaders }) => requestHeaders?.byteSize() ?? 0),
  RESPONSE_HEADERS_BYTES: number(({ responseHeaders }) => responseHeaders?.byteSize() ?? 0),
  RESPONSE_TRAILERS_BYTES: number(({ responseTrailers }) => trailersBytes(responseTrailers)),
  DOWNSTREAM_WIRE_BYTES_RECEIVED: number(({ info }) => info.downstreamBytes.wireReceived),
  DOWNSTREAM_WIRE_BYTES_SENT: number(({ info }) => info.downstreamBytes.wireSent),
  DOWNSTREAM_HEADER_BYTES_RECEIVED: number(({ info }) => info.downstreamBytes.headersReceived),
  DOWNSTREAM_HEADER_BYTES_SENT: number(({ info }) => info.downstreamBytes.headersSent),
  UPSTREAM_WIRE_BYTES_RECEIVED: number(({ info }) => info.upstreamBytes?.wireReceived ?? 0),
  UPSTREAM_WIRE_BYTES_SENT: number(({ info }) => info.upstreamBytes?.wireSent ?? 0),
  UPSTREAM_HEADER_BYTES_RECEIVED: number(({ info }) => info.upstreamBytes?.headersReceived ?? 0),
  UPSTREAM_HEADER_BYTES_SENT: number(({ info }) => info.upstreamBytes?.headersSent ?? 0),
  DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED: number(({ info }) => expandedReceived(info.downstreamBytes)),
  DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_SENT: number(({ info, responseHeaders, responseTrailers }) =>
    info.downstreamBytes.expandedReceived === undefined ? info.downstreamBytes.headersSent : (responseHeaders?.byteSize() ?? 0) + trailersBytes(responseTrailers),
  ),
  UPSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED: number(({ info }) => (info.upstreamBytes === undefined ? 0 : expandedReceived(info.upstreamBytes))),
  UPSTREAM_DECOMPRESSED_HEADER_BYTES_SENT: number(({ info, requestHeaders }) => {
    if (info.upstreamBytes === undefined) return 0;
    return info.upstreamBytes.expandedReceived === undefined ? info.upstreamBytes.headersSent : (requestHeaders?.byteSize() ?? 0);
  }),
  // Only QUIC counts what was sent again.
  BYTES_RETRANSMITTED: number(() => 0),
  PACKETS_RETRANSMITTED: number(() => 0),

  ROUTE_RESOLUTION_COUNT: routeResolution((resolution) => resolution?.count ?? 0),
  ROUTE_RESOLUTION_TIME_US: routeResolution((resolution) => Math.floor((resolution?.timeMs ?? 0) * 1000)),
  ROUTE_NAME: known(({ info }) => wireText(info.routeName)),
  VIRTUAL_CLUSTER_NAME: known(({ info }) => wireText(info.virtualClusterName)),
  UPSTREAM_CLUSTER: known(({ info }) => wireText(info.upstreamClusterName)),
  UPSTREAM_CLUSTER_RAW: known(({ info }) => wireText(info.upstreamCluster?.name ?? info.upstreamClusterName)),
  UPSTREAM_HOST: text(({ info }) => info.upstreamHost?.address.text),
  UPSTREAM_HOST_NAME: text(({ info }) => hostName(info.upstreamHost)),
  UPSTREAM_HOST_NAME_WITHOUT_PORT: text(({ info }) => hostNameWithoutPort(info.upstreamHost)),
  UPSTREAM_HOSTS_ATTEMPTED: attempted((host) => host.address.text),
  UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT: attempted((host) => host.address.host),
  UPSTREAM_HOST_NAMES_ATTEMPTED: attempted(hostName),
  UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT: attempted(hostNameWithoutPort),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: number(({ info }) => info.attemptCount),
  UPSTREAM_TRANSPORT_FAILURE_REASON: known(({ info }) => underscored(info.upstreamTransportFailureReason)),
  UPSTREAM_DETECTED_CLOSE_TYPE: text(({ info }) => (info.upstreamHost === undefined && info.upstreamHostsAttempted === undefined ? undefined : info.upstreamCloseType)),
  UPSTREAM_LOCAL_CLOSE_REASON: known(({ info }) => underscored(info.upstreamLocalCloseReason)),
  UPSTREAM_CONNECTION_ID: number(({ info }) => info.upstreamConnectionId),
  UPSTREAM_CONNECTION_IDS_ATTEMPTED: known(({ info }) => info.upstreamConnectionIdsAttempted?.join(',') ?? ''),

  DOWNSTREAM_TRANSPORT_FAILURE_REASON: known(({ info }) => underscored(info.downstreamTransportFailureReason)),
  DOWNSTREAM_LOCAL_CLOSE_REASON: known(({ info }) => localCloseReason(info)),
  DOWNSTREAM_DETECTED_CLOSE_TYPE: text(({ info }) => info.downstreamCloseType),
  CONNECTION_ID: number(({ info }) => info.connection.id),
  LISTENER_NAME: known(({ info }) => wireText(info.connection.listenerName)),
  FILTER_CHAIN_NAME: known(({ info }) => wireText(info.connection.filterChainName)),
  REQUESTED_SERVER_NAME: withoutLength(compileRequestedServerName),

  STREAM_ID: known(({ info }) => info.requestId),
  UNIQUE_ID: plain(({ random }) => textOperator(() => random.uuid())),
  // There are no tracers.
  TRACE_ID: text(() => undefined),
  SPAN_ID: text(() => undefined),
};

function expandedReceived({ expandedReceived: bytes, headersReceived }: ByteCounts): number {
  return bytes ?? headersReceived;
}

function routeResolution(read: (resolution: RouteResolution | undefined) => number): OperatorCompiler {
  return plain((context) => {
    context.service(ROUTE_RESOLUTION).wanted = true;
    return numberOperator(({ info }) => read(info.routeResolution));
  });
}

function hostName(host: Host | undefined): string | undefined {
  return host === undefined ? undefined : host.hostname === '' ? host.address.text : wireText(host.hostname);
}

function hostNameWithoutPort(host: Host | undefined): string | undefined {
  if (host === undefined) return undefined;
  if (host.hostname === '') return host.address.host;
  const name = wireText(host.hostname);
  const colon = name.lastIndexOf(':');
  return colon === -1 || !/^\d+$/.test(name.substring(colon + 1)) ? name : name.substring(0, colon);
}

function attempted(name: (host: Host) => string | undefined): OperatorCompiler {
  return text(({ info }) => {
    const hosts = info.upstreamHostsAttempted;
    if (hosts === undefined || hosts.length === 0) return undefined;
    return hosts.length === 1 ? name(hosts[0]!) : hosts.map(name).join(',');
  });
}

/** Told of the connection alone: its streams are recorded before it is closed. */
function localCloseReason(info: StreamInfo): string {
  return info.connection.stream === info ? underscored(info.connection.localCloseReason ?? '') : '';
}

/** Details and reasons hold no white space. */
function underscored(details: string): string {
  return details.includes(' ') ? details.replace(/\s/g, '_') : details;
}

/** Names and values; trailers have no pseudo-headers. */
function trailersBytes(trailers: FormatContext['responseTrailers']): number {
  let bytes = 0;
  trailers?.forEach((name, value) => {
    bytes += name.length + value.length;
  });
  return bytes;
}

function grpcStatus({ info, requestHeaders, responseHeaders, responseTrailers }: FormatContext): number | undefined {
  if (requestHeaders === undefined || !isGrpcRequest(requestHeaders)) return undefined;
  return grpcStatusOfResponse(responseHeaders, responseTrailers, info.responseCode);
}

function compileGrpcStatus({ params }: OperatorArguments): Operator | string {
  if (params === 'NUMBER') return numberOperator(grpcStatus);
  if (!['', 'CAMEL_STRING', 'SNAKE_STRING'].includes(params)) {
    return `GrpcStatusFormatter only supports CAMEL_STRING, SNAKE_STRING or NUMBER. Got: ${params}`;
  }
  const names = params === 'SNAKE_STRING' ? GRPC_STATUS_SNAKE : GRPC_STATUS_CAMEL;
  return textOperator((context) => {
    const status = grpcStatus(context);
    return status === undefined ? undefined : names[status] ?? String(status);
  });
}

const NOT_OF_HOST_NAMES = /[^\w.-]/g;

/** A client asks for what it likes: what is no character of a host name, as the end of a line, does not get into logs and headers. */
function hostNameOnly(serverName: string): string {
  const replaced = serverName.replace(NOT_OF_HOST_NAMES, '_');
  return replaced === serverName ? serverName : `invalid:${replaced}`;
}

/** `%REQUESTED_SERVER_NAME(SNI_ONLY|SNI_FIRST|HOST_FIRST:ORIG|HOST|ORIG_OR_HOST)%`. */
function compileRequestedServerName({ params }: OperatorArguments): Operator | string {
  const [order = '', source = ''] = params.split(':');
  if (!['', 'SNI_ONLY', 'SNI_FIRST', 'HOST_FIRST'].includes(order)) {
    return `Invalid REQUESTED_SERVER_NAME option: '${order}', only 'SNI_ONLY'/'SNI_FIRST'/'HOST_FIRST' are allowed`;
  }
  if (!['', 'ORIG_OR_HOST', 'HOST', 'ORIG'].includes(source)) {
    return `Invalid REQUESTED_SERVER_NAME option: '${source}', only 'ORIG_OR_HOST'/'HOST'/'ORIG' are allowed`;
  }
  const sni = ({ info }: FormatContext): string => hostNameOnly(info.connection.requestedServerName);
  const host = ({ requestHeaders }: FormatContext): string => {
    const original = source === 'HOST' ? undefined : requestHeaders?.getText('x-envoy-original-host');
    return original ?? (source === 'ORIG' ? '' : requestHeaders?.authority ?? '');
  };
  if (order === 'SNI_FIRST') return nonEmptyTextOperator((context) => sni(context) || host(context));
  if (order === 'HOST_FIRST') return nonEmptyTextOperator((context) => host(context) || sni(context));
  return nonEmptyTextOperator(sni);
}
