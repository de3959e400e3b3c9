import { type ProxyProtocolConfig, ProxyProtocolConfig_Version as ProxyProtocolVersion, RoutingPriority } from '../../api/generated/envoy/config/core/v3.ts';
import {
  RedirectAction_RedirectResponseCode as RedirectCode,
  RouteAction_ClusterNotFoundResponseCode as ClusterNotFoundCode,
  type DirectResponseAction,
  type RedirectAction,
  type Route as RouteMessage,
  type RouteAction,
} from '../../api/generated/envoy/config/route/v3.ts';
import type { RegexMatchAndSubstitute } from '../../api/generated/envoy/type/matcher/v3.ts';
import { durationMs } from '../../core/durations.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import type { Regex } from '../../core/regex.ts';
import { wireText } from '../../core/wire-text.ts';
import { compileDataSource } from '../data-source.ts';
import { compileHostFormat, compileTargetFormat } from '../format/format.ts';
import { compileSubstitutionFormat } from '../format/substitution-format.ts';
import { headerField } from '../matcher/header-field.ts';
import { compileRegexMatcher } from '../matcher/regex-matcher.ts';
import { compileRateLimits } from '../rate-limit/policy.ts';
import type { DirectAnswer } from './direct-route.ts';
import type { ForwardSettings } from './forward-route.ts';
import { FormattedHost, HeaderHost, LiteralHost, PathRegexHost, type HostRewrite } from './host-rewrite.ts';
import type { PathPattern } from './path-pattern.ts';
import { FormatRewrite, PrefixRewrite, RegexRewrite, type PathRewrite } from './path-rewrite.ts';
import type { ConnectSettings, GrpcTimeout, StreamDuration } from './route.ts';

/** The parts of one route's action, from the message. `pattern` is what the route matches paths with. */

export function compileForwardSettings(action: RouteAction, pattern: PathPattern, at: ConfigPath, context: CompileContext): ForwardSettings {
  const { hostRewriteSpecifier: host } = action;
  return {
    clusterNotFoundStatus: CLUSTER_NOT_FOUND_STATUS[action.clusterNotFoundResponseCode],
    timeoutMs: duration(action.timeout, at.field('timeout'), context) ?? DEFAULT_TIMEOUT_MS,
    idleTimeoutMs: duration(action.idleTimeout, at.field('idle_timeout'), context),
    flushTimeoutMs: duration(action.flushTimeout, at.field('flush_timeout'), context),
    streamDuration: compileStreamDuration(action, at.field('max_stream_duration'), context),
    grpcTimeout: compileGrpcTimeout(action, at, context),
    rateLimits: compileRateLimits(action.rateLimits, at.field('rate_limits'), context),
    includesVirtualHostRateLimits: action.includeVhRateLimits ?? false,
    priority: action.priority === RoutingPriority.HIGH ? 'high' : 'default',
    autoHostRewrite: host.case === 'autoHostRewrite' && host.value.value,
    appendXForwardedHost: action.appendXForwardedHost,
    upgrades: compileUpgrades(action, at, context),
    connect: compileConnect(action),
    hostRewrite: compileHostRewrite(action, at, context),
    pathRewrite: compilePathRewrite(action, pattern, at, context),
  };
}

/** `max_grpc_timeout` and `grpc_timeout_offset`. */
function compileGrpcTimeout(action: RouteAction, at: ConfigPath, context: CompileContext): GrpcTimeout | undefined {
  const maxMs = duration(action.maxGrpcTimeout, at.field('max_grpc_timeout'), context);
  const offsetMs = duration(action.grpcTimeoutOffset, at.field('grpc_timeout_offset'), context) ?? 0;
  return maxMs === undefined ? undefined : { maxMs, offsetMs };
}

const DEFAULT_TIMEOUT_MS = 15_000;

const CLUSTER_NOT_FOUND_STATUS: Readonly<Record<ClusterNotFoundCode, number>> = {
  [ClusterNotFoundCode.SERVICE_UNAVAILABLE]: 503,
  [ClusterNotFoundCode.NOT_FOUND]: 404,
  [ClusterNotFoundCode.INTERNAL_SERVER_ERROR]: 500,
};

/** Whole milliseconds, what is below them dropped. */
function duration(message: RouteAction['timeout'], at: ConfigPath, context: CompileContext): number | undefined {
  const ms = durationMs(message);
  if (ms === undefined) return undefined;
  if (ms < 0) context.error(at, 'Invalid duration: Expected positive duration');
  return Math.trunc(ms);
}

function compileStreamDuration({ maxStreamDuration: message }: RouteAction, at: ConfigPath, context: CompileContext): StreamDuration | undefined {
  if (message === undefined) return undefined;
  return {
    maxMs: duration(message.maxStreamDuration, at.field('max_stream_duration'), context),
    grpcHeaderMaxMs: duration(message.grpcTimeoutHeaderMax, at.field('grpc_timeout_header_max'), context),
    grpcHeaderOffsetMs: duration(message.grpcTimeoutHeaderOffset, at.field('grpc_timeout_header_offset'), context) ?? 0,
  };
}

function compileUpgrades(action: RouteAction, at: ConfigPath, context: CompileContext): ReadonlyMap<string, boolean> | undefined {
  if (action.upgradeConfigs.length === 0) return undefined;
  const upgrades = new Map<string, boolean>();
  action.upgradeConfigs.forEach(({ upgradeType, enabled, connectConfig }, index) => {
    const upgradeAt = at.field('upgrade_configs').index(index);
    const type = upgradeType.toLowerCase();
    if (upgrades.has(type)) context.error(upgradeAt, `Duplicate upgrade ${upgradeType}`);
    if (connectConfig !== undefined && type !== 'connect' && type !== 'connect-udp') {
      context.error(upgradeAt.field('connect_config'), `Non-CONNECT upgrade type ${upgradeType} has ConnectConfig`);
    }
    reportTlvs(connectConfig?.proxyProtocolConfig, upgradeAt.field('connect_config').field('proxy_protocol_config'), context);
    upgrades.set(type, enabled ?? true);
  });
  return upgrades;
}

function reportTlvs(config: ProxyProtocolConfig | undefined, at: ConfigPath, context: CompileContext): void {
  if (config?.passThroughTlvs !== undefined) context.error(at.field('pass_through_tlvs'), 'not supported: CONNECT writes no TLVs');
  if (config !== undefined && config.addedTlvs.length > 0) context.error(at.field('added_tlvs'), 'not supported: CONNECT writes no TLVs');
}

function compileConnect(action: RouteAction): ConnectSettings | undefined {
  const config = action.upgradeConfigs.find(({ upgradeType, connectConfig }) => connectConfig !== undefined && upgradeType.toLowerCase() === 'connect')?.connectConfig;
  if (config === undefined) return undefined;
  const { proxyProtocolConfig: proxyProtocol } = config;
  return {
    allowPost: config.allowPost,
    proxyProtocol: proxyProtocol && (proxyProtocol.version === ProxyProtocolVersion.V1 ? 'v1' : 'v2'),
  };
}

function compileHostRewrite(action: RouteAction, at: ConfigPath, context: CompileContext): HostRewrite | undefined {
  const { hostRewriteSpecifier: host } = action;
  switch (host.case) {
    case 'hostRewriteLiteral':
      return new LiteralHost(wireText(host.value));
    case 'hostRewriteHeader':
      return host.value === '' ? undefined : new HeaderHost(headerField(host.value));
    case 'hostRewritePathRegex': {
      const rewrite = compileRegexRewrite(host.value, at.field('host_rewrite_path_regex'), context);
      return rewrite && new PathRegexHost(rewrite.regex, rewrite.substitution);
    }
    case 'hostRewrite': {
      const format = compileHostFormat(host.value, '-', at.field('host_rewrite'), context);
      return format && new FormattedHost(format);
    }
    default:
      return undefined;
  }
}

function compilePathRewrite(action: RouteAction, pattern: PathPattern, at: ConfigPath, context: CompileContext): PathRewrite | undefined {
  const { prefixRewrite, regexRewrite, pathRewrite } = action;
  const given = [prefixRewrite !== '', regexRewrite !== undefined, pathRewrite !== ''].filter(Boolean).length;
  if (given > 1) context.error(at, 'Specify only one of prefix_rewrite, regex_rewrite or path_rewrite_policy');
  if (regexRewrite !== undefined) {
    const rewrite = compileRegexRewrite(regexRewrite, at.field('regex_rewrite'), context);
    return rewrite && new RegexRewrite(rewrite.regex, rewrite.substitution);
  }
  if (pathRewrite !== '') {
    const format = compileTargetFormat(pathRewrite, '', at.field('path_rewrite'), context);
    return format && new FormatRewrite(format);
  }
  return prefixRewrite === '' ? undefined : new PrefixRewrite(wireText(prefixRewrite), pattern);
}

function compileRegexRewrite(
  message: RegexMatchAndSubstitute,
  at: ConfigPath,
  context: CompileContext,
): { readonly regex: Regex; readonly substitution: string } | undefined {
  const regex = message.pattern && compileRegexMatcher(message.pattern, at.field('pattern'), context, 'search');
  return regex && { regex, substitution: wireText(message.substitution) };
}

export function compileDirectResponse(message: DirectResponseAction, limitBytes: number, at: ConfigPath, context: CompileContext): DirectAnswer {
  const body = message.body && compileDataSource(message.body, { limitBytes, what: 'response body' }, at.field('body'), context);
  const format = message.bodyFormat && compileSubstitutionFormat(message.bodyFormat, at.field('body_format'), context);
  // Plain text is what a local reply is anyway.
  const isTyped = message.bodyFormat !== undefined && (message.bodyFormat.contentType !== '' || message.bodyFormat.format.case === 'jsonFormat');
  return { status: message.status, body: body ?? '', format, contentType: isTyped ? format?.contentType : undefined, redirect: undefined };
}

export function compileRedirect(message: RedirectAction, pattern: PathPattern, at: ConfigPath, context: CompileContext): DirectAnswer {
  const { schemeRewriteSpecifier: scheme, pathRewriteSpecifier: path } = message;
  return {
    status: REDIRECT_STATUS[message.responseCode],
    body: '',
    format: undefined,
    contentType: undefined,
    redirect: {
      scheme: scheme.case === 'schemeRedirect' ? wireText(scheme.value) : scheme.case === 'httpsRedirect' && scheme.value ? 'https' : '',
      host: wireText(message.hostRedirect),
      port: message.portRedirect === 0 ? '' : `:${message.portRedirect}`,
      path: path.case === 'pathRedirect' ? wireText(path.value) : '',
      pathRewrite: compileRedirectRewrite(path, pattern, at, context),
      stripQuery: message.stripQuery,
    },
  };
}

function compileRedirectRewrite(
  path: RedirectAction['pathRewriteSpecifier'],
  pattern: PathPattern,
  at: ConfigPath,
  context: CompileContext,
): PathRewrite | undefined {
  if (path.case === 'prefixRewrite' && path.value !== '') return new PrefixRewrite(wireText(path.value), pattern);
  if (path.case !== 'regexRewrite') return undefined;
  const rewrite = compileRegexRewrite(path.value, at.field('regex_rewrite'), context);
  return rewrite && new RegexRewrite(rewrite.regex, rewrite.substitution);
}

const REDIRECT_STATUS: Readonly<Record<RedirectCode, number>> = {
  [RedirectCode.MOVED_PERMANENTLY]: 301,
  [RedirectCode.FOUND]: 302,
  [RedirectCode.SEE_OTHER]: 303,
  [RedirectCode.TEMPORARY_REDIRECT]: 307,
  [RedirectCode.PERMANENT_REDIRECT]: 308,
};

/** Why a message has no action that can be compiled here; undefined when it has one. */
export function unsupportedAction(action: RouteMessage['action']): string | undefined {
  switch (action.case) {
    case 'filterAction':
      return 'filter_action is not supported';
    case 'nonForwardingAction':
      return 'non_forwarding_action is for gRPC servers';
    default:
      return undefined;
  }
}
