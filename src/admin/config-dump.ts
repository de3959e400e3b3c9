import type { DescMessage, Message } from '@bufbuild/protobuf';
import type { Bootstrap } from '../api/generated/envoy/config/bootstrap/v3.ts';
import type { Listener } from '../api/generated/envoy/config/listener/v3.ts';
import type { RouteConfiguration } from '../api/generated/envoy/config/route/v3.ts';
import type { ApiMessages } from '../api/generated/names.ts';
import { fromBinary } from '../api/protobuf.ts';
import { schemaOf } from '../api/registry.ts';
import type { AdminHost } from './admin-host.ts';
import { endpointsDump } from './endpoints-dump.ts';
import { fieldMaskText, parseFieldMask, trimMessage, trimResource } from './field-mask.ts';
import { fieldValue } from './field-value.ts';
import { type AdminHandler, type AdminResponse, json } from './handler.ts';
import { HeldAny } from './held-any.ts';
import { hold, make, messageJson, timestamp } from './messages.ts';
import { fullFilter, type NameFilter } from './name-filter.ts';

/** `/config_dump` */
export const configDump: AdminHandler = ({ params }, host) => {
  const pattern = params.get('name_regex') ?? '';
  const filter = pattern === '' ? () => true : fullFilter(pattern);
  if (typeof filter === 'string') return { status: 400, contentType: 'text/plain', body: `INVALID_ARGUMENT: Error while parsing name_regex from ${pattern}: ${filter}` };
  const dumps = dumpsOf(host, filter, params.has('include_eds'));
  const resource = params.get('resource') ?? '';
  const mask = params.get('mask') ?? '';
  const configs = resource === '' ? wholeDumps(dumps, mask) : resourcesOf(dumps, resource, mask);
  return Array.isArray(configs) ? json(messageJson('envoy.admin.v3.ConfigDump', make('envoy.admin.v3.ConfigDump', { configs }))) : configs;
};

function wholeDumps(dumps: readonly HeldAny[], mask: string): HeldAny[] | AdminResponse {
  if (mask === '') return [...dumps];
  const paths = parseFieldMask(mask);
  // A mask is for the dumps that have its fields.
  const trimmed = dumps.flatMap(({ schema, message }) => {
    const rest = trimMessage(schema, message, paths);
    return rest === undefined ? [] : [new HeldAny(schema, rest)];
  });
  return trimmed.length > 0 ? trimmed : refusal(400, `FieldMask ${mask} could not be successfully applied to any configs.`);
}

/** The members of one repeated field, each as a configuration of its own. */
function resourcesOf(dumps: readonly HeldAny[], resource: string, mask: string): HeldAny[] | AdminResponse {
  for (const { schema, message } of dumps) {
    const field = schema.fields.find(({ name }) => name === resource);
    if (field === undefined) continue;
    if (field.fieldKind !== 'list' || field.listKind !== 'message') {
      return refusal(400, `${resource} is not a repeated field. Use ?mask=${resource} to get only this field`);
    }
    const members = (fieldValue(field, message) ?? []) as readonly Message[];
    return mask === '' ? members.map((member) => new HeldAny(field.message, member)) : masked(field.message, members, parseFieldMask(mask));
  }
  return refusal(404, `${resource} not found in config dump`);
}

function masked(schema: DescMessage, members: readonly Message[], paths: readonly string[]): HeldAny[] | AdminResponse {
  const configs: HeldAny[] = [];
  for (const member of members) {
    const trimmed = trimResource(schema, member, paths);
    if (trimmed === undefined) return refusal(400, `FieldMask ${fieldMaskText(paths)} could not be successfully used.`);
    configs.push(new HeldAny(schema, trimmed));
  }
  return configs;
}

/** Names its type twice, as Envoy's does; a pattern that is none is refused before. */
function refusal(status: number, body: string): AdminResponse {
  return { status, head: ['x-content-type-options', 'nosniff'], contentType: 'text/plain', body };
}

/** In Envoy's order. */
function dumpsOf(host: AdminHost, wanted: NameFilter, includeEndpoints: boolean): HeldAny[] {
  const { bootstrap, loadedMs } = host.configuration();
  const lastUpdated = timestamp(loadedMs);
  const { clusters = [], listeners = [] } = bootstrap.staticResources ?? {};
  const resource = <Name extends keyof ApiMessages>(type: Name, messages: readonly (ApiMessages[Name] & { readonly name: string })[]): HeldAny[] =>
    messages.filter(({ name }) => wanted(name)).map((message) => hold(type, message));
  const bootstrapDump = make('envoy.admin.v3.BootstrapConfigDump', { lastUpdated, bootstrap: withNode(bootstrap, host) });
  const clustersDump = make('envoy.admin.v3.ClustersConfigDump', {
    staticClusters: resource('envoy.config.cluster.v3.Cluster', clusters).map((cluster) => ({ cluster, lastUpdated })),
  });
  const listenersDump = make('envoy.admin.v3.ListenersConfigDump', {
    staticListeners: resource('envoy.config.listener.v3.Listener', listeners).map((listener) => ({ listener, lastUpdated })),
  });
  const routesDump = make('envoy.admin.v3.RoutesConfigDump', {
    staticRouteConfigs: resource('envoy.config.route.v3.RouteConfiguration', routesOf(listeners)).map((routeConfig) => ({ routeConfig, lastUpdated })),
  });
  return [
    hold('envoy.admin.v3.BootstrapConfigDump', bootstrapDump),
    hold('envoy.admin.v3.ClustersConfigDump', clustersDump),
    ...(includeEndpoints ? [hold('envoy.admin.v3.EndpointsConfigDump', endpointsDump(host.clusters(), wanted))] : []),
    hold('envoy.admin.v3.ListenersConfigDump', listenersDump),
    hold('envoy.admin.v3.ScopedRoutesConfigDump', make('envoy.admin.v3.ScopedRoutesConfigDump', {})),
    hold('envoy.admin.v3.RoutesConfigDump', routesDump),
    hold('envoy.admin.v3.SecretsConfigDump', secretsDump(host, wanted)),
  ];
}

const SECRET = 'envoy.extensions.transport_sockets.tls.v3.Secret';

function secretsDump(host: AdminHost, wanted: NameFilter): ApiMessages['envoy.admin.v3.SecretsConfigDump'] {
  const { bootstrap } = host.configuration();
  const dynamic = host.secrets().filter(({ name }) => wanted(name));
  return make('envoy.admin.v3.SecretsConfigDump', {
    staticSecrets: (bootstrap.staticResources?.secrets ?? []).filter(({ name }) => wanted(name)).map((secret) => ({ name: secret.name, secret: hold(SECRET, secret) })),
    dynamicActiveSecrets: dynamic.flatMap(({ name, version, updatedMs, secret }) => {
      return secret === undefined ? [] : [{ name, versionInfo: version, lastUpdated: timestamp(updatedMs), secret: hold(SECRET, secret) }];
    }),
    dynamicWarmingSecrets: dynamic.flatMap(({ name, updatedMs, secret }) => {
      return secret !== undefined ? [] : [{ name, versionInfo: 'uninitialized', lastUpdated: timestamp(updatedMs), secret: hold(SECRET, make(SECRET, { name })) }];
    }),
  });
}

/** The configured node with what the proxy adds, but without what the command line overrides. */
function withNode(bootstrap: Bootstrap, host: AdminHost): Bootstrap {
  const { id = '', cluster = '', locality } = bootstrap.node ?? {};
  return { ...bootstrap, node: { ...host.node(), id, cluster, locality } };
}

const CONNECTION_MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

/** The route tables that stand inside of connection managers. */
function routesOf(listeners: readonly Listener[]): RouteConfiguration[] {
  const routes: RouteConfiguration[] = [];
  for (const { filterChains, defaultFilterChain } of listeners) {
    for (const { filters } of defaultFilterChain === undefined ? filterChains : [...filterChains, defaultFilterChain]) {
      for (const { configType } of filters) {
        if (configType.case !== 'typedConfig' || !configType.value.typeUrl.endsWith(`/${CONNECTION_MANAGER}`)) continue;
        const { routeSpecifier } = fromBinary(schemaOf(CONNECTION_MANAGER), configType.value.value);
        if (routeSpecifier.case === 'routeConfig') routes.push(routeSpecifier.value);
      }
    }
  }
  return routes;
}
