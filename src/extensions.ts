import type { Extension } from './core/extension.ts';
import { fileAccessLogExtension } from './filters/access-log/file/extension.ts';
import { stderrAccessLogExtension, stdoutAccessLogExtension } from './filters/access-log/stream/extension.ts';
import { bufferExtension } from './filters/http/buffer/extension.ts';
import { corsExtension } from './filters/http/cors/extension.ts';
import { faultExtension } from './filters/http/fault/extension.ts';
import { headerMutationExtension } from './filters/http/header-mutation/extension.ts';
import { healthCheckExtension } from './filters/http/health-check/extension.ts';
import { localRateLimitExtension } from './filters/http/local-ratelimit/extension.ts';
import { filterChainNameExtension } from './listener/match/filter-chain-matcher.ts';
import { rbacActionExtension } from './http/rbac/engine.ts';
import { upstreamIpPortExtension } from './http/rbac/upstream-ip-port.ts';
import { uriTemplateMatcherExtension } from './http/uri-template.ts';
import { mtlsAuthenticatedExtension } from './tls/mtls-authenticated.ts';
import { routeActionExtension, routeListActionExtension } from './http/route/matched-routes.ts';
import { matchingExtensions } from './http/matching/extensions.ts';
import { rbacExtension } from './filters/http/rbac/extension.ts';
import { compressorExtension } from './filters/http/compressor/extension.ts';
import { decompressorExtension } from './filters/http/decompressor/extension.ts';
import { grpcWebExtension } from './filters/http/grpc-web/extension.ts';
import { routerExtension } from './filters/http/router/extension.ts';
import { grpcStatsExtension } from './filters/http/grpc-stats/extension.ts';
import { setFilterStateExtension } from './filters/http/set-filter-state/extension.ts';
import { setMetadataExtension } from './filters/http/set-metadata/extension.ts';
import { upstreamCodecExtension } from './filters/http/upstream-codec/extension.ts';
import { httpInspectorExtension } from './filters/listener/http-inspector/extension.ts';
import { listenerLocalRateLimitExtension } from './filters/listener/local-ratelimit/extension.ts';
import { originalDstExtension } from './filters/listener/original-dst/extension.ts';
import { proxyProtocolExtension } from './filters/listener/proxy-protocol/extension.ts';
import { listenerSetFilterStateExtension } from './filters/listener/set-filter-state/extension.ts';
import { tlsInspectorExtension } from './filters/listener/tls-inspector/extension.ts';
import { connectionLimitExtension } from './filters/network/connection-limit/extension.ts';
import { directResponseNetworkExtension } from './filters/network/direct-response/extension.ts';
import { echoExtension } from './filters/network/echo/extension.ts';
import { earlyHeaderMutationExtension } from './filters/network/http-connection-manager/early-header-mutation.ts';
import { forwardClientCertExtension } from './filters/network/http-connection-manager/forwarded-client-cert.ts';
import { httpConnectionManagerExtension } from './filters/network/http-connection-manager/extension.ts';
import { customHeaderDetectionExtension, xffDetectionExtension } from './filters/network/http-connection-manager/original-ip-detection.ts';
import { uuidRequestIdExtension } from './filters/network/http-connection-manager/request-id.ts';
import { networkLocalRateLimitExtension } from './filters/network/local-ratelimit/extension.ts';
import { networkRbacExtension } from './filters/network/rbac/extension.ts';
import { networkSetFilterStateExtension } from './filters/network/set-filter-state/extension.ts';
import { sniClusterExtension } from './filters/network/sni-cluster/extension.ts';
import { tcpProxyExtension } from './filters/network/tcp-proxy/extension.ts';
import { rawBufferDownstreamExtension, rawBufferUpstreamExtension } from './filters/transport-socket/raw-buffer/extension.ts';
import { upstreamProxyProtocolExtension } from './filters/transport-socket/upstream-proxy-protocol/extension.ts';
import { tlsDownstreamExtension, tlsUpstreamExtension } from './tls/extension.ts';
import { fileContentFormatterExtension, genericSecretFormatterExtension } from './tls/formatters.ts';
import { celAccessLogFilterExtension, celFormatterExtension } from './http/cel/extensions.ts';
import { expressionDescriptorExtension } from './http/rate-limit/expression.ts';
import { metadataFormatterExtension, reqWithoutQueryFormatterExtension } from './http/format/formatters.ts';
import {
  brotliCompressorExtension,
  brotliDecompressorExtension,
  gzipCompressorExtension,
  gzipDecompressorExtension,
  zstdCompressorExtension,
  zstdDecompressorExtension,
} from './http/compression/extensions.ts';

/** A filter that may stand before an upstream, too. */
function beforeUpstream(extension: Extension<never, unknown>): Extension<never, unknown> {
  return { ...extension, category: 'envoy.filters.http.upstream' };
}

/** The one list of what is built in. */
export const extensions: readonly Extension<never, unknown>[] = [
  httpConnectionManagerExtension,
  tcpProxyExtension,
  sniClusterExtension,
  connectionLimitExtension,
  networkLocalRateLimitExtension,
  networkRbacExtension,
  networkSetFilterStateExtension,
  rbacExtension,
  directResponseNetworkExtension,
  echoExtension,
  tlsInspectorExtension,
  httpInspectorExtension,
  proxyProtocolExtension,
  listenerSetFilterStateExtension,
  originalDstExtension,
  listenerLocalRateLimitExtension,
  rawBufferDownstreamExtension,
  bufferExtension,
  corsExtension,
  faultExtension,
  headerMutationExtension,
  healthCheckExtension,
  localRateLimitExtension,
  setFilterStateExtension,
  setMetadataExtension,
  xffDetectionExtension,
  customHeaderDetectionExtension,
  earlyHeaderMutationExtension,
  uuidRequestIdExtension,
  tlsDownstreamExtension,
  tlsUpstreamExtension,
  rawBufferUpstreamExtension,
  upstreamProxyProtocolExtension,
  beforeUpstream(bufferExtension),
  beforeUpstream(compressorExtension),
  beforeUpstream(headerMutationExtension),
  { ...beforeUpstream(rbacExtension), name: 'envoy.filters.http.upstream_rbac' },
  upstreamCodecExtension,
  compressorExtension,
  decompressorExtension,
  grpcStatsExtension,
  grpcWebExtension,
  routerExtension,
  reqWithoutQueryFormatterExtension,
  metadataFormatterExtension,
  celFormatterExtension,
  fileContentFormatterExtension,
  genericSecretFormatterExtension,
  fileAccessLogExtension,
  stdoutAccessLogExtension,
  stderrAccessLogExtension,
  celAccessLogFilterExtension,
  expressionDescriptorExtension,
  brotliCompressorExtension,
  brotliDecompressorExtension,
  gzipCompressorExtension,
  gzipDecompressorExtension,
  zstdCompressorExtension,
  zstdDecompressorExtension,
  ...matchingExtensions,
  rbacActionExtension,
  uriTemplateMatcherExtension,
  routeActionExtension,
  routeListActionExtension,
  upstreamIpPortExtension,
  mtlsAuthenticatedExtension,
  filterChainNameExtension,
  forwardClientCertExtension,
];
