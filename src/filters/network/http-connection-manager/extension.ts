import {
  HttpConnectionManager_CodecType as CodecType,
  HttpConnectionManager_ServerHeaderTransformation as ServerHeader,
  type HttpConnectionManager as ManagerMessage,
} from '../../../api/generated/envoy/extensions/filters/network/http_connection_manager/v3.ts';
import { HttpProtocolOptions_HeadersWithUnderscoresAction as UnderscoresAction, type HttpProtocolOptions } from '../../../api/generated/envoy/config/core/v3.ts';
import { MessageIdentity } from '../../../api/message-identity.ts';
import { schemaOf } from '../../../api/registry.ts';
import { durationMs } from '../../../core/durations.ts';
import type { CompileContext, Extension } from '../../../core/extension.ts';
import { jitteredLists } from '../../../core/jittered-lists.ts';
import { OVERLOAD, type ScaledTimeout } from '../../../core/overload.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import type { TimerList, Timers } from '../../../core/timers.ts';
import type { AccessLog } from '../../../http/access-log.ts';
import { compileAccessLogs } from '../../../http/access-log-compile.ts';
import { compileFieldCase } from '../../../http/codec/compile-field-case.ts';
import { STRICT } from '../../../http/codec/h1-head.ts';
import { LeniencyChoice } from '../../../http/codec/head-leniency.ts';
import type { FilterChain } from '../../../http/filter-chain.ts';
import { compileFilterChain, DOWNSTREAM_CHAIN } from '../../../http/filter-chain-compile.ts';
import type { HttpFilter } from '../../../http/filter.ts';
import { CLUSTERS, HTTP } from '../../../http/http-services.ts';
import { HTTP1_CODEC_STATS, HTTP_STATS, HTTP_TRACING_STATS, LISTENER_HTTP_STATS } from '../../../http/http-stats.ts';
import { compileRouteConfiguration } from '../../../http/route/compile.ts';
import { MeasuredRouteTable, ROUTE_RESOLUTION, ROUTE_RESOLUTION_STATS, RouteResolutionRecords } from '../../../http/route/measured-route-table.ts';
import type { RouteTable } from '../../../http/route/route.ts';
import { LISTENER, type TerminalNetworkFilter } from '../../../listener/network-filter.ts';
import { compileAddressing } from './addressing.ts';
import type { ConnectionManagerConfig } from './config.ts';
import { compileHttp2Options, type SharedCodecOptions } from './http2-options.ts';
import { compileEarlyMutation } from './early-header-mutation.ts';
import { compileEarlyRecords } from './early-records.ts';
import { compileForwardedClientCert } from './forwarded-client-cert.ts';
import { HttpConnectionManager } from './http-connection-manager.ts';
import { compileLocalReplyRules } from './local-reply-rules.ts';
import { compileIgnoredUpgrades, compileUpgrades } from './upgrades.ts';
import { compilePathRules } from './path-rules.ts';
import { compileProxyStatus } from './proxy-status.ts';
import { compileRequestId } from './request-id.ts';

const HOUR_MS = 3_600_000;
const FIVE_MINUTES_MS = 300_000;

export const httpConnectionManagerExtension: Extension<ManagerMessage, TerminalNetworkFilter> = {
  name: 'envoy.filters.network.http_connection_manager',
  category: 'envoy.filters.network',
  configType: 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  terminal: true,
  compile(message, at, context) {
    return new HttpConnectionManager(compileManager(message, at, context), identityOf(message), message.addProxyProtocolConnectionState ?? true);
  },
};

/** Everything but the routes: managers of equal identity differ in their routes at most. */
function identityOf(message: ManagerMessage): MessageIdentity {
  const schema = schemaOf('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager');
  const rest: ManagerMessage = { ...message, routeSpecifier: { case: undefined } };
  return new MessageIdentity(schema, rest);
}

function compileManager(message: ManagerMessage, at: ConfigPath, context: CompileContext): ConnectionManagerConfig {
  const listener = context.service(LISTENER);
  const stats = context.stats.group(`http.${message.statPrefix.replaceAll(':', '_')}`, HTTP_STATS);
  context.stats.group(`${stats.prefix}.tracing`, HTTP_TRACING_STATS);
  const common = message.commonHttpProtocolOptions;
  const http1 = message.httpProtocolOptions;
  const inside = context.with(ROUTE_RESOLUTION, { wanted: message.recordRouteResolutionStats }).with(HTTP, { statPrefix: message.statPrefix, stats, schemeMatchesUpstream: message.schemeHeaderTransformation?.matchUpstream ?? false });
  const serverName = message.serverName === '' ? 'envoy' : message.serverName;
  const timer = (ms: number | undefined, reducible?: ScaledTimeout): TimerList | undefined => listOf(context.timers, ms, reducible);
  const accessLogs = compileAccessLogs(message.accessLog, at.field('access_log'), inside);
  const own = ownFilters(message, at, inside, accessLogs);
  const filtersOf: CompileFilters = (entries, filtersAt) => compileFilterChain(entries, own, DOWNSTREAM_CHAIN, filtersAt, inside);
  const shared = sharedCodecOptions(message, listener.bufferLimitBytes);
  return {
    statPrefix: message.statPrefix,
    stats,
    listenerStats: context.stats.group(`${listener.statScope}.http.${message.statPrefix.replaceAll(':', '_')}`, LISTENER_HTTP_STATS),
    codecStats: context.stats.group('http1', HTTP1_CODEC_STATS),
    clock: context.clock,
    timers: context.timers,
    random: context.random,
    runtime: context.runtime,
    overload: context.service(OVERLOAD),
    appendLocalOverload: message.appendLocalOverload,
    log: context.log,
    clusters: context.service(CLUSTERS),
    chain: filtersOf(message.httpFilters, at.field('http_filters')),
    keepsInvalidConnections: http1?.overrideStreamErrorOnInvalidHttpMessage ?? message.streamErrorOnInvalidHttpMessage ?? false,
    upgrades: compileUpgrades(message.upgradeConfigs, at.field('upgrade_configs'), inside, filtersOf),
    accessLogs,
    localReplies: compileLocalReplyRules(message.localReplyConfig, at.field('local_reply_config'), inside),
    codecType: codecType(message.codecType),
    http2: compileHttp2Options(message, shared, at, context),
    codec: compileCodec(message, shared, at.field('http_protocol_options'), context),
    addressing: compileAddressing(message, at, context),
    paths: compilePathRules(message, context),
    earlyMutation: compileEarlyMutation(message, at, inside),
    serverName,
    proxyStatus: compileProxyStatus(message.proxyStatusConfig, serverName, context.node.id),
    serverHeader: serverHeader(message.serverHeaderTransformation),
    via: message.via,
    generateRequestId: message.generateRequestId ?? true,
    preserveExternalRequestId: message.preserveExternalRequestId,
    alwaysSetRequestIdInResponse: message.alwaysSetRequestIdInResponse,
    packTraceReason: compileRequestId(message, at, context).packTraceReason,
    defaultHostForHttp10: http1?.defaultHostForHttp10 ?? '',
    hostPort: hostPortRules(message),
    stripTrailingHostDot: message.stripTrailingHostDot,
    userAgent: message.addUserAgent === true ? { cluster: context.node.cluster, node: context.node.id } : undefined,
    localAddress: context.node.localAddress,
    proxy100Continue: message.proxy100Continue,
    maxRequestsPerConnection: common?.maxRequestsPerConnection ?? 0,
    idleTimeout: timer(durationMs(common?.idleTimeout) ?? HOUR_MS, 'connection-idle'),
    streamIdleTimeout: timer(durationMs(message.streamIdleTimeout) ?? FIVE_MINUTES_MS, 'stream-idle'),
    requestTimeout: timer(durationMs(message.requestTimeout)),
    requestHeadersTimeout: timer(durationMs(message.requestHeadersTimeout)),
    maxConnectionDurations: connectionDurations(common, (ms) => context.timers.reducibleList('connection-max', ms)),
    http1SafeMaxConnectionDuration: message.http1SafeMaxConnectionDuration,
    maxStreamDuration: timer(durationMs(common?.maxStreamDuration)),
    drainTimeoutMs: durationMs(message.drainTimeout) ?? 5000,
    drainTimeoutJitterPercent: message.drainTimeoutJitter?.value ?? 0,
    delayedCloseTimeoutMs: durationMs(message.delayedCloseTimeout) ?? 1000,
    bufferLimitBytes: listener.bufferLimitBytes,
    forwardedClientCert: compileForwardedClientCert(message, at, inside),
    schemeToOverwrite: message.schemeHeaderTransformation?.transformation.value ?? '',
    // Last, because what the others tell of decides whether look-ups are measured.
    routes: { current: compileRoutes(message, at, inside) },
  };
}

function sharedCodecOptions({ maxRequestHeadersKb, commonHttpProtocolOptions: common }: ManagerMessage, highWatermarkBytes: number): SharedCodecOptions {
  return {
    maxHeadBytes: (maxRequestHeadersKb ?? 60) * 1024,
    maxHeaders: common?.maxHeadersCount ?? 100,
    underscores: underscores(common?.headersWithUnderscoresAction),
    highWatermarkBytes,
  };
}

function compileCodec(message: ManagerMessage, shared: SharedCodecOptions, at: ConfigPath, context: CompileContext): ConnectionManagerConfig['codec'] {
  const http1 = message.httpProtocolOptions;
  return new LeniencyChoice(context.runtime, {
    ...shared,
    leniency: { ...STRICT, chunkedLength: http1?.allowChunkedLength ?? false },
    acceptHttp10: http1?.acceptHttp10 ?? false,
    allowAbsoluteUrl: http1?.allowAbsoluteUrl ?? true,
    refusesHttpsInPlaintext: message.useRemoteAddress === true && (message.xffNumTrustedHops ?? 0) === 0,
    allowCustomMethods: http1?.allowCustomMethods ?? false,
    trailers: http1?.enableTrailers ?? false,
    fieldCase: compileFieldCase(http1, at, context),
    ignoredUpgrades: compileIgnoredUpgrades(http1, at.field('ignore_http_11_upgrade'), context),
  });
}

/** Undefined: no limit. */
function listOf(timers: Timers, ms: number | undefined, reducible: ScaledTimeout | undefined): TimerList | undefined {
  if (ms === undefined || ms === 0) return undefined;
  return reducible === undefined ? timers.list(ms) : timers.reducibleList(reducible, ms);
}

function connectionDurations(common: HttpProtocolOptions | undefined, listOf: (durationMs: number) => TimerList): readonly TimerList[] | undefined {
  const maxMs = durationMs(common?.maxConnectionDuration) ?? 0;
  return maxMs === 0 ? undefined : jitteredLists(maxMs, common?.maxConnectionDurationJitter?.value ?? 0, listOf);
}

function compileRoutes(message: ManagerMessage, at: ConfigPath, context: CompileContext): RouteTable | undefined {
  if (message.routeSpecifier.case !== 'routeConfig') return undefined;
  const table = compileRouteConfiguration(message.routeSpecifier.value, at.field('route_config'), context);
  return table !== undefined && context.service(ROUTE_RESOLUTION).wanted ? new MeasuredRouteTable(table, context.clock) : table;
}

/** Filters of the manager's own, which stand before all others. */
function ownFilters(message: ManagerMessage, at: ConfigPath, context: CompileContext, accessLogs: readonly AccessLog[]): readonly HttpFilter[] {
  const earlyRecords = compileEarlyRecords(message, at, context, accessLogs);
  const resolution = message.recordRouteResolutionStats ? new RouteResolutionRecords(context.stats.group(context.service(HTTP).stats.prefix, ROUTE_RESOLUTION_STATS)) : undefined;
  return [earlyRecords, resolution].filter((filter) => filter !== undefined);
}

type CompileFilters = (entries: ManagerMessage['httpFilters'], at: ConfigPath) => FilterChain;

function codecType(type: CodecType): ConnectionManagerConfig['codecType'] {
  if (type === CodecType.HTTP1) return 'http1';
  return type === CodecType.HTTP2 ? 'http2' : 'auto';
}

function underscores(action: HttpProtocolOptions['headersWithUnderscoresAction'] | undefined): 'allow' | 'reject' | 'drop' {
  if (action === UnderscoresAction.REJECT_REQUEST) return 'reject';
  return action === UnderscoresAction.DROP_HEADER ? 'drop' : 'allow';
}

function hostPortRules(message: ManagerMessage): ConnectionManagerConfig['hostPort'] {
  if (message.stripPortMode.case === 'stripAnyHostPort' && message.stripPortMode.value) return 'strip';
  return message.stripMatchingHostPort ? 'strip-matching' : 'keep';
}

function serverHeader(value: ManagerMessage['serverHeaderTransformation']): ConnectionManagerConfig['serverHeader'] {
  if (value === ServerHeader.APPEND_IF_ABSENT) return 'append-if-absent';
  return value === ServerHeader.PASS_THROUGH ? 'pass-through' : 'overwrite';
}
