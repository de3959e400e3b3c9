import type { HttpConnectionManager as ManagerMessage } from '../../../api/generated/envoy/extensions/filters/network/http_connection_manager/v3.ts';
import { withoutControls } from '../../../http/format/format.ts';
import { responseFlagsText } from '../../../http/format/response-flags.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { headerName } from '../../../http/header-name.ts';
import { ResponseFlag, type StreamInfo } from '../../../http/stream-info.ts';

const PROXY_STATUS = headerName('proxy-status');

/** What a flag means in RFC 9209 §2.3, the first that is set, in Envoy's order; and the status that Envoy takes from there. */
const ERRORS: readonly (readonly [flag: number, error: string, status: number])[] = [
  [ResponseFlag.failedLocalHealthCheck, 'destination_unavailable', 503],
  [ResponseFlag.noHealthyUpstream, 'destination_unavailable', 503],
  [ResponseFlag.upstreamRequestTimeout, 'http_response_timeout', 504],
  [ResponseFlag.durationTimeout, 'connection_timeout', 504],
  [ResponseFlag.localReset, 'connection_timeout', 504],
  [ResponseFlag.upstreamRemoteReset, 'connection_terminated', 502],
  [ResponseFlag.upstreamConnectionFailure, 'connection_refused', 502],
  [ResponseFlag.unauthorizedExternalService, 'connection_refused', 502],
  [ResponseFlag.upstreamConnectionTermination, 'connection_terminated', 502],
  [ResponseFlag.overloadManager, 'connection_limit_reached', 503],
  [ResponseFlag.dropOverload, 'connection_limit_reached', 503],
  [ResponseFlag.faultInjected, 'http_request_error', 0],
  [ResponseFlag.downstreamConnectionTermination, 'connection_terminated', 502],
  [ResponseFlag.downstreamRemoteReset, 'connection_terminated', 502],
  [ResponseFlag.upstreamOverflow, 'connection_limit_reached', 503],
  [ResponseFlag.noRouteFound, 'destination_not_found', 500],
  [ResponseFlag.rateLimited, 'connection_limit_reached', 503],
  [ResponseFlag.rateLimitServiceError, 'connection_limit_reached', 503],
  [ResponseFlag.upstreamRetryLimitExceeded, 'destination_unavailable', 503],
  [ResponseFlag.streamIdleTimeout, 'http_response_timeout', 504],
  [ResponseFlag.invalidEnvoyRequestHeaders, 'http_request_error', 0],
  [ResponseFlag.upstreamMaxStreamDurationReached, 'http_response_timeout', 504],
  [ResponseFlag.noFilterConfigFound, 'proxy_configuration_error', 500],
  [ResponseFlag.upstreamProtocolError, 'http_protocol_error', 502],
  [ResponseFlag.noClusterFound, 'destination_unavailable', 503],
  [ResponseFlag.dnsResolutionFailed, 'dns_error', 502],
];

interface ProxyStatusOptions {
  readonly name: string;
  readonly details: boolean;
  readonly terminationDetails: boolean;
  readonly flags: boolean;
  /** The status of the response becomes the one that goes with the error. */
  readonly setsStatus: boolean;
}

/** `proxy_status_config`: tells with Proxy-Status what went wrong on a response's way. */
export class ProxyStatus {
  readonly #options: ProxyStatusOptions;

  constructor(options: ProxyStatusOptions) {
    this.#options = options;
  }

  apply(headers: HeaderMap, info: StreamInfo): void {
    if (info.responseFlags === 0) return;
    const found = ERRORS.find(([flag]) => info.hasFlag(flag));
    if (found === undefined) return;
    const [, error, status] = found;
    const { name, setsStatus } = this.#options;
    const present = headers.get(PROXY_STATUS);
    const value = `${name}; error=${error}${this.#details(info)}`;
    headers.set(PROXY_STATUS, present === undefined ? value : `${present}, ${value}`);
    if (setsStatus && status !== 0) headers.status = status;
  }

  #details(info: StreamInfo): string {
    const { details, terminationDetails, flags } = this.#options;
    if (!details || info.responseCodeDetails === '') return '';
    const parts = [info.responseCodeDetails];
    if (terminationDetails && info.connection.terminationDetails !== '') parts.push(info.connection.terminationDetails);
    if (flags) parts.push(responseFlagsText(info.responseFlags));
    return `; details="${withoutControls(parts.join('; ')).replace(/["\\]/g, '\\$&')}"`;
  }
}

/** `serverName`, `nodeId`: who the proxy may say it is. */
export function compileProxyStatus(message: ManagerMessage['proxyStatusConfig'], serverName: string, nodeId: string): ProxyStatus | undefined {
  if (message === undefined) return undefined;
  const { proxyName } = message;
  return new ProxyStatus({
    name: proxyName.case === 'literalProxyName' ? proxyName.value : proxyName.case === 'useNodeId' ? nodeId : serverName,
    details: !message.removeDetails,
    terminationDetails: !message.removeConnectionTerminationDetails,
    flags: !message.removeResponseFlags,
    setsStatus: message.setRecommendedResponseCode,
  });
}
