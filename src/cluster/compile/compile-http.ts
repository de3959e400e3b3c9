import { type Cluster, Cluster_ClusterProtocolSelection } from '../../api/generated/envoy/config/cluster/v3.ts';
import {
  type Http1ProtocolOptions,
  type Http2ProtocolOptions,
  type HttpProtocolOptions as CommonOptions,
  type TransportSocket,
  type UpstreamHttpProtocolOptions,
} from '../../api/generated/envoy/config/core/v3.ts';
import type { HttpProtocolOptions } from '../../api/generated/envoy/extensions/upstreams/http/v3.ts';
import { durationMs } from '../../core/durations.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { compileFieldCase } from '../../http/codec/compile-field-case.ts';
import { checkCustomSettings } from '../../http/codec/h2/custom-settings.ts';
import { compileH2KeepAlive, compileH2Settings } from '../../http/codec/h2/h2-settings.ts';
import { clusterStatScope } from '../cluster-facts.ts';
import { compileUpstreamFilters } from '../upstream-filters.ts';
import type { Http2Spec, HttpSpec, UpstreamProtocol } from '../cluster-spec.ts';

const OPTIONS_TYPE = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const RAW_BUFFER = 'envoy.transport_sockets.raw_buffer';
const RAW_BUFFER_TYPE = 'type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer';
const DEFAULT_IDLE_TIMEOUT_MS = 3_600_000;
const DEFAULT_MAX_HEADERS = 100;
const DEFAULT_MAX_RESPONSE_HEAD_KIB = 80;
const DEFAULT_MAX_HTTP2_RESPONSE_HEAD_KIB = 60;

/** The protocol towards the cluster. `HttpProtocolOptions` win over the deprecated fields of the cluster itself. */
export function compileHttp(cluster: Cluster, at: ConfigPath, context: CompileContext): HttpSpec {
  const spec = compileTypedOptions(cluster, at.field('typed_extension_protocol_options'), context) ?? compileDeprecated(cluster, at, context);
  if (spec.protocol === 'auto') checkAgreement(cluster, at, context);
  const { maxRequestsPerConnection } = cluster;
  if (maxRequestsPerConnection === undefined) return spec;
  if (spec.maxRequestsPerConnection > 0) context.error(at.field('max_requests_per_connection'), ONE_LIMIT);
  return { ...spec, maxRequestsPerConnection };
}

const ONE_LIMIT = 'Only one of max_requests_per_connection from Cluster or HttpProtocolOptions can be specified';

function compileDeprecated(cluster: Cluster, at: ConfigPath, context: CompileContext): HttpSpec {
  const { commonHttpProtocolOptions: common, httpProtocolOptions: http1, http2ProtocolOptions: http2 } = cluster;
  const asDownstream = cluster.protocolSelection === Cluster_ClusterProtocolSelection.USE_DOWNSTREAM_PROTOCOL;
  if (!asDownstream && http1 !== undefined && http2 !== undefined) {
    context.error(at, "cluster: Both HTTP1 and HTTP2 options may only be configured with non-default 'protocol_selection' values");
  }
  const protocol = asDownstream ? 'downstream' : http2 === undefined ? 'http1' : 'http2';
  const parts = { protocol, common, http1, http1At: at.field('http_protocol_options'), http2, http2At: at.field('http2_protocol_options') } as const;
  return withAutoSni(httpSpec(parts, context), cluster.upstreamHttpProtocolOptions);
}

/** Without TLS there is nobody to agree on a protocol with. */
function checkAgreement({ name, transportSocket, transportSocketMatches }: Cluster, at: ConfigPath, context: CompileContext): void {
  const agrees = (socket: TransportSocket | undefined): boolean => socket !== undefined && socket.name !== RAW_BUFFER && socketType(socket) !== RAW_BUFFER_TYPE;
  if (transportSocketMatches.length === 0 ? agrees(transportSocket) : transportSocketMatches.every((each) => agrees(each.transportSocket))) return;
  const matcher = transportSocketMatches.length === 0 ? '' : ' matcher';
  context.error(at, `ALPN configured for cluster ${name} which has a non-ALPN transport socket${matcher}`);
}

function socketType({ configType }: TransportSocket): string {
  return configType.case === 'typedConfig' ? configType.value.typeUrl : '';
}

function compileTypedOptions(cluster: Cluster, at: ConfigPath, context: CompileContext): HttpSpec | undefined {
  let spec: HttpSpec | undefined;
  for (const [name, any] of Object.entries(cluster.typedExtensionProtocolOptions)) {
    const optionsAt = at.key(name);
    if (name !== OPTIONS_TYPE) {
      const sentence = "Didn't find a registered network or http filter or protocol options implementation for name";
      context.error(optionsAt, `${sentence}: '${name}'`);
      continue;
    }
    const content = context.unpack(any, optionsAt);
    if (content?.typeName === OPTIONS_TYPE) {
      const options = content.message as HttpProtocolOptions;
      const upstreamFilters = compileUpstreamFilters(options.httpFilters, clusterStatScope(cluster), optionsAt.field('http_filters'), context);
      spec = { ...withAutoSni(compileOptions(options, optionsAt, context), options.upstreamHttpProtocolOptions), upstreamFilters };
    }
    else if (content !== undefined) context.error(optionsAt, `Unable to unpack as ${OPTIONS_TYPE}: it is a ${content.typeName}`);
  }
  return spec;
}

function compileOptions(options: HttpProtocolOptions, at: ConfigPath, context: CompileContext): HttpSpec {
  const { upstreamProtocolOptions: choice, commonHttpProtocolOptions: common } = options;
  const shared = { common };
  switch (choice.case) {
    case 'explicitHttpConfig': {
      const { protocolConfig } = choice.value;
      const http1At = at.field('explicit_http_config').field('http_protocol_options');
      const http2At = at.field('explicit_http_config').field('http2_protocol_options');
      if (protocolConfig.case === 'http2ProtocolOptions') return httpSpec({ ...shared, protocol: 'http2', http2: protocolConfig.value, http2At, http1: undefined, http1At }, context);
      const http1 = protocolConfig.case === 'httpProtocolOptions' ? protocolConfig.value : undefined;
      return httpSpec({ ...shared, protocol: 'http1', http1, http1At, http2: undefined, http2At }, context);
    }
    case 'useDownstreamProtocolConfig':
    case 'autoConfig': {
      const asDownstream = choice.case === 'useDownstreamProtocolConfig';
      const choiceAt = at.field(asDownstream ? 'use_downstream_protocol_config' : 'auto_config');
      const http1At = choiceAt.field('http_protocol_options');
      const http2At = choiceAt.field('http2_protocol_options');
      const { httpProtocolOptions: http1, http2ProtocolOptions: http2 } = choice.value;
      return httpSpec({ ...shared, protocol: asDownstream ? 'downstream' : 'auto', http1, http1At, http2, http2At }, context);
    }
    default:
      return httpSpec({ ...shared, protocol: 'http1', http1: undefined, http1At: at, http2: undefined, http2At: at }, context);
  }
}

interface OptionParts {
  readonly protocol: UpstreamProtocol;
  readonly common: CommonOptions | undefined;
  readonly http1: Http1ProtocolOptions | undefined;
  readonly http1At: ConfigPath;
  readonly http2: Http2ProtocolOptions | undefined;
  readonly http2At: ConfigPath;
}

function httpSpec({ protocol, common, http1, http1At, http2, http2At }: OptionParts, context: CompileContext): HttpSpec {
  checkCustomSettings(http2, http2At, context);
  return {
    protocol,
    http2: protocol === 'http1' ? undefined : http2Spec(http2, common),
    idleTimeoutMs: durationMs(common?.idleTimeout) ?? DEFAULT_IDLE_TIMEOUT_MS,
    maxConnectionDurationMs: durationMs(common?.maxConnectionDuration) ?? 0,
    maxConnectionDurationJitterPercent: common?.maxConnectionDurationJitter?.value ?? 0,
    maxStreamDurationMs: durationMs(common?.maxStreamDuration) ?? 0,
    maxRequestsPerConnection: common?.maxRequestsPerConnection ?? 0,
    maxHeadersCount: common?.maxHeadersCount ?? DEFAULT_MAX_HEADERS,
    maxResponseHeadBytes: (common?.maxResponseHeadersKb ?? DEFAULT_MAX_RESPONSE_HEAD_KIB) * 1024,
    enableTrailers: http1?.enableTrailers ?? false,
    allowChunkedLength: http1?.allowChunkedLength ?? false,
    autoSni: undefined,
    upstreamFilters: undefined,
    fieldCase: compileFieldCase(http1, http1At, context),
    fullUrl: http1?.sendFullyQualifiedUrl ?? false,
  };
}

function http2Spec(http2: Http2ProtocolOptions | undefined, common: CommonOptions | undefined): Http2Spec {
  return {
    ...compileH2Settings(http2),
    maxHeadBytes: (common?.maxResponseHeadersKb ?? DEFAULT_MAX_HTTP2_RESPONSE_HEAD_KIB) * 1024,
    keepAlive: compileH2KeepAlive(http2),
  };
}

function withAutoSni(spec: HttpSpec, options: UpstreamHttpProtocolOptions | undefined): HttpSpec {
  if (options === undefined || (!options.autoSni && !options.autoSanValidation)) return spec;
  return { ...spec, autoSni: { sni: options.autoSni, sanValidation: options.autoSanValidation, header: options.overrideAutoSniHeader.toLowerCase() } };
}
