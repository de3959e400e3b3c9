import type { Cluster } from '../../api/generated/envoy/config/cluster/v3.ts';
import {
  type Http1ProtocolOptions,
  type HttpProtocolOptions as CommonOptions,
  HttpProtocolOptions_HeadersWithUnderscoresAction,
  type UpstreamHttpProtocolOptions,
} from '../../api/generated/envoy/config/core/v3.ts';
import type { HttpProtocolOptions } from '../../api/generated/envoy/extensions/upstreams/http/v3.ts';
import { durationMs } from '../../core/durations.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { compileFieldCase } from '../../http/codec/compile-field-case.ts';
import type { HttpSpec } from '../cluster-spec.ts';

const OPTIONS_TYPE = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const DEFAULT_IDLE_TIMEOUT_MS = 3_600_000;
const DEFAULT_MAX_HEADERS = 100;
const DEFAULT_MAX_RESPONSE_HEAD_KIB = 80;

/** The protocol towards the cluster. `HttpProtocolOptions` win over the deprecated fields of the cluster itself. */
export function compileHttp(cluster: Cluster, at: ConfigPath, context: CompileContext): HttpSpec {
  const typed = compileTypedOptions(cluster, at.field('typed_extension_protocol_options'), context);
  if (typed !== undefined) return typed;
  const { commonHttpProtocolOptions: common, httpProtocolOptions: http1 } = cluster;
  const spec = httpSpec({ common, commonAt: at.field('common_http_protocol_options'), http1, http1At: at.field('http_protocol_options') }, context);
  return { ...withAutoSni(spec, cluster.upstreamHttpProtocolOptions), maxRequestsPerConnection: common?.maxRequestsPerConnection ?? cluster.maxRequestsPerConnection ?? 0 };
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
    if (content?.typeName === OPTIONS_TYPE) spec = withAutoSni(compileOptions(content.message as HttpProtocolOptions, optionsAt, context), (content.message as HttpProtocolOptions).upstreamHttpProtocolOptions);
    else if (content !== undefined) context.error(optionsAt, `Unable to unpack as ${OPTIONS_TYPE}: it is a ${content.typeName}`);
  }
  return spec;
}

function compileOptions(options: HttpProtocolOptions, at: ConfigPath, context: CompileContext): HttpSpec {
  const { upstreamProtocolOptions: choice, commonHttpProtocolOptions: common } = options;
  const commonAt = at.field('common_http_protocol_options');
  switch (choice.case) {
    case 'explicitHttpConfig': {
      const { protocolConfig } = choice.value;
      const http1At = at.field('explicit_http_config').field('http_protocol_options');
      const http1 = protocolConfig.case === 'httpProtocolOptions' ? protocolConfig.value : undefined;
      return httpSpec({ common, commonAt, http1, http1At }, context);
    }
    case 'useDownstreamProtocolConfig': {
      const http1At = at.field('use_downstream_protocol_config').field('http_protocol_options');
      return httpSpec({ common, commonAt, http1: choice.value.httpProtocolOptions, http1At }, context);
    }
    default:
      return httpSpec({ common, commonAt, http1: undefined, http1At: at }, context);
  }
}

interface OptionParts {
  readonly common: CommonOptions | undefined;
  readonly commonAt: ConfigPath;
  readonly http1: Http1ProtocolOptions | undefined;
  readonly http1At: ConfigPath;
}

function httpSpec({ common, commonAt, http1, http1At }: OptionParts, context: CompileContext): HttpSpec {
  refuseCommon(common, commonAt, context);
  return {
    idleTimeoutMs: durationMs(common?.idleTimeout) ?? DEFAULT_IDLE_TIMEOUT_MS,
    maxConnectionDurationMs: durationMs(common?.maxConnectionDuration) ?? 0,
    maxStreamDurationMs: durationMs(common?.maxStreamDuration) ?? 0,
    maxRequestsPerConnection: common?.maxRequestsPerConnection ?? 0,
    maxHeadersCount: common?.maxHeadersCount ?? DEFAULT_MAX_HEADERS,
    maxResponseHeadBytes: (common?.maxResponseHeadersKb ?? DEFAULT_MAX_RESPONSE_HEAD_KIB) * 1024,
    enableTrailers: http1?.enableTrailers ?? false,
    allowChunkedLength: http1?.allowChunkedLength ?? false,
    autoSni: undefined,
    fieldCase: compileFieldCase(http1, http1At, context),
    fullUrl: http1?.sendFullyQualifiedUrl ?? false,
  };
}

function withAutoSni(spec: HttpSpec, options: UpstreamHttpProtocolOptions | undefined): HttpSpec {
  if (options === undefined || (!options.autoSni && !options.autoSanValidation)) return spec;
  return { ...spec, autoSni: { sni: options.autoSni, sanValidation: options.autoSanValidation, header: options.overrideAutoSniHeader.toLowerCase() } };
}

/** What these messages, shared with the downstream side, may say there but not here. */
function refuseCommon(common: CommonOptions | undefined, at: ConfigPath, context: CompileContext): void {
  if (common === undefined) return;
  if (common.maxConnectionDurationJitter !== undefined) {
    context.error(at.field('max_connection_duration_jitter'), 'not supported: max_connection_duration_jitter of a cluster');
  }
  if (common.headersWithUnderscoresAction !== HttpProtocolOptions_HeadersWithUnderscoresAction.ALLOW) {
    context.error(at.field('headers_with_underscores_action'), 'not supported: headers_with_underscores_action of a cluster');
  }
}
