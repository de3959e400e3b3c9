import type { JsonObject } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { ConfigPath, formatProblem, Problems } from '../../../src/core/problems.ts';
import { emptyRuntime } from '../../../src/core/runtime.ts';
import { matchingExtensions } from '../../../src/http/matching/extensions.ts';
import { compileRouteConfiguration } from '../../../src/http/route/compile.ts';
import { routeActionExtension, routeListActionExtension } from '../../../src/http/route/matched-routes.ts';
import type { RouteTable } from '../../../src/http/route/route.ts';
import { CompileRun, type ThreadServices } from '../../../src/server/compile-context.ts';
import { ExtensionRegistry } from '../../../src/server/extension-registry.ts';
import { message } from '../matcher/matcher-fixture.ts';
import { dataOf, extension, header, map } from '../matching/matching-fixture.ts';

const registry = new ExtensionRegistry([...matchingExtensions, routeActionExtension, routeListActionExtension]);

function compile(matcher: JsonObject, more: JsonObject = {}): { table: RouteTable; errors: string[] } {
  const problems = new Problems();
  const context = new CompileRun({ registry, runtime: emptyRuntime } as unknown as ThreadServices, problems, new Set(), new Map());
  const configuration = message('envoy.config.route.v3.RouteConfiguration', { virtualHosts: [{ name: 'all', domains: ['*'], matcher, ...more }] });
  const table = compileRouteConfiguration(configuration, ConfigPath.root, context);
  return { table, errors: problems.errors.map(formatProblem) };
}

const direct = (name: string, match: JsonObject = { prefix: '/' }): JsonObject => ({ name, match, directResponse: { status: 200 } });
const route = (json: JsonObject): JsonObject => ({ action: extension('envoy.config.route.v3.Route', json) });

/** The name of the route of `GET /path` with the header `x`. */
function routed({ table }: { table: RouteTable }, x: string, path = '/path'): string | undefined {
  const { info, requestHeaders } = dataOf({ x });
  requestHeaders!.path = path;
  return table.route(requestHeaders!, info, 0)?.name;
}

describe('a matcher of a virtual host', () => {
  it('finds a route, which says itself when it matches', () => {
    const compiled = compile(map('exactMatchMap', { a: route(direct('a')), b: route(direct('b', { path: '/b' })) }, route(direct('rest'))));
    expect(compiled.errors).toEqual([]);
    expect(['a', 'b', 'c'].map((x) => routed(compiled, x))).toEqual(['a', undefined, 'rest']);
    expect(routed(compiled, 'b', '/b')).toBe('b');
  });

  it('finds a list of routes, of which the first that matches serves', () => {
    const routes = [direct('first', { path: '/b' }), direct('second')];
    const compiled = compile(map('exactMatchMap', { a: { action: extension('envoy.config.route.v3.RouteList', { routes }) } }));
    expect([routed(compiled, 'a', '/b'), routed(compiled, 'a'), routed(compiled, 'c')]).toEqual(['first', 'second', undefined]);
  });

  it('may name clusters that there are not', () => {
    expect(compile({ onNoMatch: route({ match: { prefix: '/' }, route: { cluster: 'nobody' } }) }).errors).toEqual([]);
  });

  it('stands in place of routes', () => {
    expect(compile({ onNoMatch: route(direct('a')) }, { routes: [direct('b')] }).errors).toEqual(['virtual_hosts[0].routes: cannot set both matcher and routes on virtual host']);
  });

  it('reads request headers and filter state alone', () => {
    const by = (input: JsonObject): string[] => compile({ matcherTree: { input, exactMatchMap: { map: { a: route(direct('a')) } } } }).errors;
    expect(by(header('x'))).toEqual([]);
    expect(by(extension('envoy.extensions.matching.common_inputs.network.v3.FilterStateInput', { key: 'k' }))).toEqual([]);
    expect(by(extension('envoy.extensions.matching.common_inputs.network.v3.SourceIPInput'))).toEqual([
      'virtual_hosts[0].matcher.matcher_tree.input.typed_config: Route table can only match on request headers, saw type.googleapis.com/envoy.extensions.matching.common_inputs.network.v3.SourceIPInput; use HttpRequestHeaderMatchInput or FilterStateInput',
    ]);
  });

  it('reports what is wrong in its routes where they stand', () => {
    const { errors } = compile({ onNoMatch: route(direct('a', { safeRegex: { regex: '(' } })) });
    expect(errors[0]).toContain('virtual_hosts[0].matcher.on_no_match.action.typed_config.match.safe_regex.regex');
  });
});
