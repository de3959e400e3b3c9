import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { apiTypes, schemaOf } from '../../../src/api/registry.ts';
import type { CompileContext } from '../../../src/core/extension.ts';
import { ConfigPath, Problems, formatProblem } from '../../../src/core/problems.ts';
import { emptyRuntime, type Runtime } from '../../../src/core/runtime.ts';
import { HeaderMap } from '../../../src/http/header-map.ts';
import { compileRouteConfiguration } from '../../../src/http/route/compile.ts';
import type { Route, RouteTable } from '../../../src/http/route/route.ts';
import { StreamInfo, type ConnectionInfo } from '../../../src/http/stream-info.ts';

/** The JSON form of a RouteConfiguration, as people write it. */
export type RouteConfigurationJson = { [field: string]: JsonValue };

export interface Compiled {
  readonly table: RouteTable;
  /** `path: message` of each error. */
  readonly errors: string[];
  /** Clusters that the routes name. */
  readonly clusters: { name: string; at: string; mustExist: boolean }[];
}

export interface FixtureOptions {
  readonly runtime?: Runtime;
  readonly resolve?: CompileContext['resolve'];
  readonly unpack?: CompileContext['unpack'];
}

export function compileJson(json: RouteConfigurationJson, options: FixtureOptions = {}): Compiled {
  const message = fromJson(schemaOf('envoy.config.route.v3.RouteConfiguration'), json, { registry: apiTypes });
  const problems = new Problems();
  const clusters: Compiled['clusters'] = [];
  const context = {
    error: (at: ConfigPath, text: string) => problems.error(at, text),
    warning: (at: ConfigPath, text: string) => problems.warning(at, text),
    needsCluster: (name: string, at: ConfigPath, mustExist: boolean) => clusters.push({ name, at: at.toString(), mustExist }),
    runtime: options.runtime ?? emptyRuntime,
    resolve: options.resolve ?? (() => undefined),
    unpack: options.unpack ?? (() => undefined),
  } as unknown as CompileContext;
  const table = compileRouteConfiguration(message, ConfigPath.root, context);
  return { table, errors: problems.errors.map(formatProblem), clusters };
}

export interface RequestShape {
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  readonly scheme?: string;
  readonly headers?: readonly (readonly [string, string])[];
}

export function request(shape: RequestShape | string = {}): HeaderMap {
  const { method = 'GET', path = '/', host = 'www.example.com', scheme = 'http', headers = [] } = typeof shape === 'string' ? { path: shape } : shape;
  const map = new HeaderMap();
  map.method = method;
  map.path = path;
  map.authority = host;
  map.scheme = scheme;
  for (const [name, value] of headers) map.addText(name.toLowerCase(), value);
  return map;
}

export function streamInfo(): StreamInfo {
  return new StreamInfo({ remoteAddress: undefined } as unknown as ConnectionInfo);
}

/** The route a request takes. */
export function find(table: RouteTable, shape: RequestShape | string, randomValue = 0): Route | undefined {
  return table.route(request(shape), streamInfo(), randomValue);
}

/** A table whose virtual host `*` has these routes; each is named by its position unless it has a name. */
export function tableOf(...routes: RouteConfigurationJson[]): RouteTable {
  const { table, errors } = compileJson({
    name: 'local',
    virtualHosts: [{ name: 'all', domains: ['*'], routes: routes.map((route, index) => ({ name: String(index), ...route })) }],
  });
  if (errors.length > 0) throw new Error(errors.join('\n'));
  return table;
}

/** A route that answers by itself. */
export function answer(match: RouteConfigurationJson, more: RouteConfigurationJson = {}): RouteConfigurationJson {
  return { match, directResponse: { status: 200 }, ...more };
}

/** The name of the route that a request takes. */
export function routeName(table: RouteTable, shape: RequestShape | string, randomValue = 0): string | undefined {
  return find(table, shape, randomValue)?.name;
}
