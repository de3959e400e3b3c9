import { create, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';
import type { CorsPolicy } from '../../src/api/generated/envoy/extensions/filters/http/cors/v3.ts';
import { schemaOf } from '../../src/api/registry.ts';
import type { AnyMessage, Extension } from '../../src/core/extension.ts';
import { ConfigPath, Problems } from '../../src/core/problems.ts';
import { compileFilterConfigs, type FilterConfigs, noFilterConfigs } from '../../src/http/route/filter-configs.ts';
import { CompileRun, type ThreadServices } from '../../src/server/compile-context.ts';
import { ExtensionRegistry } from '../../src/server/extension-registry.ts';

const fake: Extension<never, unknown> = {
  name: 'envoy.filters.http.cors',
  category: 'envoy.filters.http',
  configType: 'envoy.extensions.filters.http.cors.v3.Cors',
  routeConfigType: 'envoy.extensions.filters.http.cors.v3.CorsPolicy',
  compile: () => 'own',
  compileRoute: (policy: CorsPolicy, at, context) => {
    if (policy.maxAge === 'bad') context.error(at.field('max_age'), 'bad');
    return policy.maxAge;
  },
};
const plain: Extension<never, unknown> = {
  name: 'envoy.filters.http.router',
  category: 'envoy.filters.http',
  configType: 'envoy.extensions.filters.http.router.v3.Router',
  compile: () => 'own',
};
const registry = new ExtensionRegistry([fake, plain]);

function any(schema: DescMessage, fields: object = {}): AnyMessage {
  return anyPack(schema, create(schema, fields as MessageInitShape<DescMessage>));
}

const CORS = schemaOf('envoy.extensions.filters.http.cors.v3.Cors');
const POLICY = schemaOf('envoy.extensions.filters.http.cors.v3.CorsPolicy');
const ROUTER = schemaOf('envoy.extensions.filters.http.router.v3.Router');
const UNKNOWN = { typeUrl: 'type.googleapis.com/nobody.Knows', value: new Uint8Array() };
const switched = (fields: object): AnyMessage => any(schemaOf('envoy.config.route.v3.FilterConfig'), fields);

function run(problems: Problems): CompileRun {
  return new CompileRun({ registry } as ThreadServices, problems, new Set(), new Map());
}

function compile(entry: AnyMessage, inherited: FilterConfigs = noFilterConfigs) {
  const problems = new Problems();
  const configs = compileFilterConfigs({ f: entry }, ConfigPath.root.field('typed_per_filter_config'), run(problems), inherited);
  return { config: configs.get('f'), errors: problems.errors.map(({ path, message }) => `${path}: ${message}`) };
}

const ENTRY = 'typed_per_filter_config["f"]';

test('a per-route configuration is found by the type that its extension names for it', () => {
  expect(compile(any(POLICY, { maxAge: '5' }))).toEqual({ config: { disabled: false, config: '5', levels: ['5'] }, errors: [] });
  expect(compile(switched({ config: any(POLICY, { maxAge: '6' }) })).config?.config).toBe('6');
});

test('a filter is switched by an entry without a configuration', () => {
  const { config } = compile(any(POLICY, { maxAge: '5' }));
  const inherited: FilterConfigs = new Map([['f', config!]]);
  expect(compile(switched({ disabled: true }), inherited)).toEqual({ config: { disabled: true, config: '5', levels: ['5'] }, errors: [] });
});

test('errors stand at the entry itself', () => {
  const unknown = "Didn't find a registered implementation for 'f' with type URL: 'nobody.Knows'";
  expect(compile(UNKNOWN).errors).toEqual([`${ENTRY}: ${unknown}`]);
  expect(compile(switched({ config: UNKNOWN })).errors).toEqual([`${ENTRY}.config: ${unknown}`]);
  expect(compile(any(POLICY, { maxAge: 'bad' })).errors).toEqual([`${ENTRY}.max_age: bad`]);
});

test('a type that is no per-route configuration is refused unless it is optional', () => {
  expect(compile(any(ROUTER)).errors).toEqual([`${ENTRY}: The filter f doesn't support virtual host or route specific configurations`]);
  expect(compile(any(CORS)).errors).toEqual([`${ENTRY}: Unable to unpack as ${fake.routeConfigType}: ${fake.configType}`]);
  const on = { config: { disabled: false, config: undefined, levels: [] }, errors: [] };
  expect(compile(switched({ isOptional: true, config: any(ROUTER) }))).toEqual(on);
  expect(compile(switched({ isOptional: true, config: UNKNOWN }))).toEqual(on);
});

test('the type of a per-route configuration is none of a filter', () => {
  const problems = new Problems();
  const at = ConfigPath.root.field('http_filters').index(0);
  expect(run(problems).resolve('envoy.filters.http', 'f', any(POLICY), at, false)).toBeUndefined();
  expect(problems.errors.map(({ path }) => path)).toEqual(['http_filters[0].typed_config']);
  expect(run(problems).resolve('envoy.filters.http', 'f', any(CORS), at, false)?.extension).toBe(fake);
});

test('where filters share the type of their per-route configuration, the name says whose it is', () => {
  const route = { ...fake, routeConfigType: fake.configType };
  const named = new ExtensionRegistry([{ ...route, name: 'one' }, { ...route, name: 'two' }, { ...plain, name: 'three', configType: fake.configType }]);
  const found = (name: string) => named.findForRoute('envoy.filters.http', fake.configType, name)?.name;
  expect(['one', 'two', 'three', 'four'].map(found)).toEqual(['one', 'two', 'three', 'two']);
});

test('two extensions of a category under one name are refused', () => {
  expect(() => new ExtensionRegistry([fake, plain, { ...plain, name: fake.name }])).toThrow("two extensions of envoy.filters.http are called 'envoy.filters.http.cors'");
});

test('an extension that is known and not supported, or that stands elsewhere, is told as such', () => {
  const problems = new Problems();
  const at = ConfigPath.root.field('http_filters').index(0);
  const lua = any(schemaOf('envoy.extensions.filters.http.lua.v3.Lua'));
  run(problems).resolve('envoy.filters.http', 'envoy.filters.http.lua', lua, at, false);
  run(problems).resolve('envoy.filters.network', 'x', any(CORS), at, false);
  expect(problems.errors.map(({ message }) => message.replace(/^[^;]*; /, ''))).toEqual(['it is known, and not supported', 'it is one of envoy.filters.http, which do not stand here']);
});
