/** Tells which resource an object of a configuration file is: by its `@type`, else by the fields that only that resource has. */

import type { JsonMap, ResourceKind } from './resource.ts';
import { fieldOf, isMap } from './resource.ts';

const BY_TYPE = new Map<string, ResourceKind>([
  ['envoy.config.bootstrap.v3.Bootstrap', 'bootstrap'],
  ['envoy.config.listener.v3.Listener', 'listener'],
  ['envoy.config.cluster.v3.Cluster', 'cluster'],
  ['envoy.config.route.v3.RouteConfiguration', 'route configuration'],
  ['envoy.config.route.v3.VirtualHost', 'virtual host'],
  ['envoy.config.endpoint.v3.ClusterLoadAssignment', 'load assignment'],
  ['envoy.extensions.transport_sockets.tls.v3.Secret', 'secret'],
]);

type Shape = readonly [ResourceKind, (map: JsonMap) => boolean];

const isList = (map: JsonMap, field: string): boolean => Array.isArray(fieldOf(map, field));
const isText = (map: JsonMap, field: string): boolean => typeof fieldOf(map, field) === 'string';
const holdsMap = (map: JsonMap, field: string): boolean => isMap(fieldOf(map, field));

const CLUSTER_FIELDS = ['connect_timeout', 'load_assignment', 'eds_cluster_config', 'cluster_type', 'lb_policy', 'load_balancing_policy', 'dns_lookup_family'];
const SECRET_FIELDS = ['tls_certificate', 'validation_context', 'generic_secret', 'session_ticket_keys'];
const BOOTSTRAP_FIELDS = ['static_resources', 'dynamic_resources', 'layered_runtime'];

/** In this order: what holds others comes first. */
const SHAPES: readonly Shape[] = [
  ['bootstrap', (map) => BOOTSTRAP_FIELDS.some((field) => holdsMap(map, field))],
  ['listener', (map) => isList(map, 'filter_chains') || holdsMap(map, 'default_filter_chain')],
  ['route configuration', (map) => isList(map, 'virtual_hosts')],
  ['virtual host', (map) => isList(map, 'domains') && (isList(map, 'routes') || isText(map, 'name'))],
  ['load assignment', (map) => isText(map, 'cluster_name') && isList(map, 'endpoints')],
  ['cluster', (map) => isText(map, 'name') && CLUSTER_FIELDS.some((field) => fieldOf(map, field) !== undefined)],
  ['secret', (map) => isText(map, 'name') && SECRET_FIELDS.some((field) => holdsMap(map, field))],
];

export const recognise = (map: JsonMap): ResourceKind | undefined => {
  const type = map['@type'];
  if (typeof type === 'string') return BY_TYPE.get(type.slice(type.lastIndexOf('/') + 1));
  if (map['kind'] !== undefined && map['apiVersion'] !== undefined) return undefined;
  return SHAPES.find(([, fits]) => fits(map))?.[0];
};

/** Said by a text that no YAML reader takes: a bootstrap that is broken is a resource too. */
const BOOTSTRAP_TEXT = /^\{?\s*"?(?:static_resources|staticResources|dynamic_resources|dynamicResources)"?\s*:/m;

export const looksLikeBootstrap = (text: string): boolean => BOOTSTRAP_TEXT.test(text) && !/\{\{|\{%|<%/.test(text);

/** Whether a string inside a file, as in a ConfigMap, is worth reading as a configuration. */
const EMBEDDED = /"?(?:@type|static_?resources|dynamic_?resources|filter_?chains|virtual_?hosts|connect_?timeout|load_?assignment)['"]?\s*:/i;

export const mayHoldResources = (text: string): boolean => EMBEDDED.test(text);
