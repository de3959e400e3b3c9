import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { apiTypes, schemaOf } from '../../../src/api/registry.ts';
import type { CompileContext, ServiceKey } from '../../../src/core/extension.ts';
import { ConfigPath, Problems, formatProblem } from '../../../src/core/problems.ts';
import { emptyRuntime, type Runtime, type RuntimeValue } from '../../../src/core/runtime.ts';
import { HeaderMap } from '../../../src/http/header-map.ts';
import { compileRouteConfiguration } from '../../../src/http/route/compile.ts';
import type { DirectRoute, ForwardRoute, Route, RouteTable } from '../../../src/http/route/route.ts';
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
  readonly environment?: Readonly<Record<string, string>>;
  readonly validateClusters?: boolean;
  readonly resolveRouteConfig?: CompileContext['resolveRouteConfig'];
  readonly unpack?: CompileContext['unpack'];
  readonly stats?: CompileContext['stats'];
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
    resolveRouteConfig: options.resolveRouteConfig ?? (() => undefined),
    unpack: options.unpack ?? (() => undefined),
    stats: options.stats,
    service: (key: ServiceKey<unknown>) => key.otherwise ?? { hostname: 'test', variable: (name: string) => options.environment?.[name] },
  } as unknown as CompileContext;
  const table = compileRouteConfiguration(message, ConfigPath.root, context, { validateClusters: options.validateClusters ?? true });
  return { table, errors: problems.errors.map(formatProblem), clusters };
}

/** A runtime with these values; `set` changes one. */
export function fakeRuntime(values: Record<string, RuntimeValue>): Runtime & { set(key: string, value: RuntimeValue): void } {
  let version = 0;
  return {
    ...emptyRuntime,
    number: (key, otherwise) => (typeof values[key] === 'number' ? values[key] : otherwise),
    value: (key) => values[key],
    get version() {
      return version;
    },
    set(key, value) {
      values[key] = value;
      version++;
    },
  };
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
  return compileTable({
    name: 'local',
    virtualHosts: [{ name: 'all', domains: ['*'], routes: routes.map((route, index) => ({ name: String(index), ...route })) }],
  });
}

/** A route that answers by itself. */
export function answer(match: RouteConfigurationJson, more: RouteConfigurationJson = {}): RouteConfigurationJson {
  return { match, directResponse: { status: 200 }, ...more };
}

/** The name of the route that a request takes. */
export function routeName(table: RouteTable, shape: RequestShape | string, randomValue = 0): string | undefined {
  return find(table, shape, randomValue)?.name;
}

/** Compiles what must compile. */
export function compileTable(json: RouteConfigurationJson, options: FixtureOptions = {}): RouteTable {
  const { table, errors } = compileJson(json, options);
  if (errors.length > 0) throw new Error(errors.join('\n'));
  return table;
}

/** The errors of a table whose virtual host `*` has these routes. */
export function errorsOf(...routes: RouteConfigurationJson[]): string[] {
  return compileJson({ name: 'rc', virtualHosts: [{ name: 'all', domains: ['*'], routes }] }).errors;
}

export function forwardRoute(route: Route | undefined): ForwardRoute {
  if (route?.kind !== 'forward') throw new Error('not a forward route');
  return route;
}

export function directRoute(route: Route | undefined): DirectRoute {
  if (route?.kind !== 'direct') throw new Error('not a direct route');
  return route;
}

/** The request line and header lines as the upstream of the first matching route sees them. */
export function forwarded(table: RouteTable, shape: RequestShape | string, keepOriginal = true): string[] {
  const headers = request(shape);
  const info = streamInfo();
  const route = forwardRoute(table.route(headers, info, 0));
  route.finalizeRequestHeaders(headers, { info, requestHeaders: headers, responseHeaders: undefined }, keepOriginal);
  return lines(headers);
}

export function lines(headers: HeaderMap): string[] {
  const out: string[] = [];
  if (headers.method !== '') out.push(`${headers.method} ${headers.path}`, `host: ${headers.authority}`);
  headers.forEach((name, value) => out.push(`${name}: ${value}`));
  return out;
}
