import { describe, expect, test } from 'vitest';
import { fromBinary } from '@bufbuild/protobuf';
import { schemaOf } from '../../../src/api/registry.ts';
import type { CompileContext } from '../../../src/core/extension.ts';
import type { FilterRouteConfig } from '../../../src/http/route/route.ts';
import { compileJson, find, type Compiled, type RouteConfigurationJson } from './route-fixture.ts';

const CORS = 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy';
const ROUTER = 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router';
const UNKNOWN = 'type.googleapis.com/google.protobuf.Struct';
const FILTER_CONFIG = 'type.googleapis.com/envoy.config.route.v3.FilterConfig';

/** Knows cors with route configuration, whose compiled form is its max age, and router without. */
const resolveRouteConfig: CompileContext['resolveRouteConfig'] = (_category, name, any, at, optional) => {
  const extension = (routeConfigType: string | undefined, compileRoute: unknown) => ({ name, category: 'envoy.filters.http', configType: '', routeConfigType, compileRoute });
  if (any.typeUrl === CORS) {
    const config = fromBinary(schemaOf('envoy.extensions.filters.http.cors.v3.CorsPolicy'), any.value);
    return { extension: extension(config.$typeName, (policy: typeof config) => policy.maxAge), config } as never;
  }
  if (any.typeUrl === ROUTER) return { extension: extension(undefined, undefined), config: {} } as never;
  if (!optional) current.errors.push(`${at.toString()}: unknown ${name}`);
  return undefined;
};

const unpack: CompileContext['unpack'] = (any) => ({ typeName: '', message: fromBinary(schemaOf('envoy.config.route.v3.FilterConfig'), any.value) });

let current: { errors: string[] };

function compile(levels: { table?: RouteConfigurationJson; host?: RouteConfigurationJson; route?: RouteConfigurationJson; entry?: RouteConfigurationJson }): Compiled {
  current = { errors: [] };
  const clusters = [{ name: 'a', weight: 1, typedPerFilterConfig: levels.entry ?? {} }];
  const compiled = compileJson(
    {
      name: 'rc',
      typedPerFilterConfig: levels.table ?? {},
      virtualHosts: [
        {
          name: 'all',
          domains: ['*'],
          typedPerFilterConfig: levels.host ?? {},
          routes: [{ match: { prefix: '/' }, typedPerFilterConfig: levels.route ?? {}, route: { weightedClusters: { clusters } } }],
        },
      ],
    },
    { resolveRouteConfig, unpack },
  );
  return { ...compiled, errors: [...current.errors, ...compiled.errors] };
}

function config(levels: Parameters<typeof compile>[0]): FilterRouteConfig | undefined {
  const { table, errors } = compile(levels);
  expect(errors).toEqual([]);
  return find(table, '/')!.filterConfig('f');
}

const cors = (maxAge: string): RouteConfigurationJson => ({ f: { '@type': CORS, maxAge } });
const wrapped = (fields: RouteConfigurationJson): RouteConfigurationJson => ({ f: { '@type': FILTER_CONFIG, ...fields } });

describe('the most specific configuration wins', () => {
  test('from weighted cluster over route and virtual host to the table', () => {
    const all = { table: cors('1'), host: cors('2'), route: cors('3'), entry: cors('4') };
    expect(config(all)).toEqual({ disabled: false, config: '4', levels: ['1', '2', '3', '4'] });
    expect(config({ table: cors('1'), host: cors('2') })).toEqual({ disabled: false, config: '2', levels: ['1', '2'] });
    expect(config({ table: cors('1') })).toEqual({ disabled: false, config: '1', levels: ['1'] });
    expect(config({})).toBeUndefined();
  });

  test('a level that only switches keeps the configuration below', () => {
    expect(config({ host: cors('2'), route: wrapped({ disabled: true }) })).toEqual({ disabled: true, config: '2', levels: ['2'] });
    expect(config({ host: wrapped({ disabled: true }), route: wrapped({ config: {} }) })).toEqual({ disabled: false, config: undefined, levels: [] });
  });

  test('a configuration switches the filter on', () => {
    expect(config({ host: wrapped({ disabled: true }), route: cors('3') })).toMatchObject({ disabled: false, config: '3' });
    expect(config({ route: wrapped({ config: { '@type': CORS, maxAge: '5' } }) })).toEqual({ disabled: false, config: '5', levels: ['5'] });
  });
});

test('a route tells whether some filter is switched off', () => {
  expect(find(compile({ host: wrapped({ disabled: true }) }).table, '/')!.mayDisableFilters).toBe(true);
  expect(find(compile({ host: cors('1') }).table, '/')!.mayDisableFilters).toBe(false);
});

describe('what cannot be read', () => {
  const at = 'virtual_hosts[0].routes[0].typed_per_filter_config["f"]';

  test('is refused', () => {
    expect(compile({ route: { f: { '@type': UNKNOWN, value: {} } } }).errors).toEqual([`${at}: unknown f`]);
    expect(compile({ route: { f: { '@type': ROUTER } } }).errors).toEqual([
      `${at}: The filter f doesn't support virtual host or route specific configurations`,
    ]);
    expect(compile({ route: wrapped({}) }).errors).toEqual([`${at}: Empty route/virtual host per filter configuration for f filter`]);
  });

  test('is left out when it is optional, and still switches the filter on', () => {
    const optional = (type: string): RouteConfigurationJson => wrapped({ isOptional: true, config: { '@type': type, ...(type === UNKNOWN && { value: {} }) } });
    expect(config({ route: optional(UNKNOWN) })).toEqual({ disabled: false, config: undefined, levels: [] });
    expect(config({ route: optional(ROUTER) })).toEqual({ disabled: false, config: undefined, levels: [] });
  });
});
