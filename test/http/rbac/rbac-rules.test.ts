import type { JsonObject } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { ConfigPath, formatProblem, Problems } from '../../../src/core/problems.ts';
import { emptyRuntime } from '../../../src/core/runtime.ts';
import { FilterStateAddress } from '../../../src/http/filter-state.ts';
import { filterStateOf } from '../../support/filter-state.ts';
import { compileRbacEngines, HTTP_RBAC, NETWORK_RBAC, type RbacEngines } from '../../../src/http/rbac/engine.ts';
import { upstreamIpPortExtension } from '../../../src/http/rbac/upstream-ip-port.ts';
import { CompileRun, type ThreadServices } from '../../../src/server/compile-context.ts';
import { ExtensionRegistry } from '../../../src/server/extension-registry.ts';
import { mtlsAuthenticatedExtension } from '../../../src/tls/mtls-authenticated.ts';
import { ipAddress } from '../../../src/transport/address.ts';
import { message } from '../matcher/matcher-fixture.ts';
import { dataOf, extension } from '../matching/matching-fixture.ts';

const registry = new ExtensionRegistry([upstreamIpPortExtension, mtlsAuthenticatedExtension]);
const ANY = { any: true };

function compile(permission: JsonObject, principal: JsonObject = ANY, site = HTTP_RBAC): { engines: RbacEngines; errors: string[] } {
  const problems = new Problems();
  const context = new CompileRun({ registry, runtime: emptyRuntime } as unknown as ThreadServices, problems, new Set(), new Map());
  const rules = message('envoy.config.rbac.v3.RBAC', { policies: { p: { permissions: [permission], principals: [principal] } } });
  const engines = compileRbacEngines({ rules }, ConfigPath.root, context, site);
  return { engines, errors: problems.errors.map(formatProblem) };
}

const PERMISSION = 'rules.policies["p"].permissions[0]';

describe('the upstream address of a permission', () => {
  const type = 'envoy.extensions.rbac.matchers.upstream_ip_port.v3.UpstreamIpPortMatcher';
  const range = { upstreamIp: { addressPrefix: '10.0.0.0', prefixLen: 8 }, upstreamPortRange: { start: '80', end: '90' } };
  const allows = (fields: JsonObject, host: string, port: number): boolean => {
    const { info } = dataOf({});
    info.filterState = filterStateOf(['envoy.stream.upstream_address', new FilterStateAddress(ipAddress(host, port))]);
    return compile({ matcher: extension(type, fields) }).engines.enforced!.judge({ info, headers: undefined }).allowed;
  };

  it('must be in the network and its port in the range, both ends included', () => {
    expect([79, 80, 90, 91].map((port) => allows(range, '10.1.2.3', port))).toEqual([false, true, true, false]);
    expect(allows(range, '11.1.2.3', 80)).toBe(false);
    expect(allows({ upstreamIp: range.upstreamIp }, '10.1.2.3', 1)).toBe(true);
    expect(allows({ upstreamPortRange: range.upstreamPortRange }, '11.1.2.3', 80)).toBe(true);
  });

  it('matches nothing while no filter has told it', () => {
    const { info } = dataOf({});
    expect(compile({ matcher: extension(type, range) }).engines.enforced!.judge({ info, headers: undefined }).allowed).toBe(false);
  });

  it('must be asked for', () => {
    expect(compile({ matcher: extension(type) }).errors).toEqual([
      `${PERMISSION}.matcher.typed_config: Invalid UpstreamIpPortMatcher configuration - missing \`upstream_ip\` and/or \`upstream_port_range\``,
    ]);
  });
});

it('the path of a request is none of a connection, whatever it is compared with', () => {
  const { info } = dataOf({});
  expect(compile({ urlPath: { path: { safeRegex: { regex: '.*' } } } }).engines.enforced!.judge({ info, headers: undefined }).allowed).toBe(false);
});

it('a principal by its certificate must ask for something', () => {
  const principal = { custom: extension('envoy.extensions.rbac.principals.mtls_authenticated.v3.Config') };
  expect(compile(ANY, principal).errors[0]).toContain('envoy.rbac.principals.mtls_authenticated did not have any configured validation.');
});

it.each([
  [{ start: -1, end: 7 }, 'range start -1 is out of bounds'],
  [{ start: 5, end: 70_000 }, 'range end 70000 is out of bounds'],
  [{ start: 5, end: 5 }, 'range start 5 cannot be greater or equal than range end 5'],
])('a range of ports %j is refused', (destinationPortRange, fault) => {
  expect(compile({ destinationPortRange }).errors).toEqual([`${PERMISSION}.destination_port_range: ${fault}`]);
});

it('connections have no headers', () => {
  const rule = { andRules: { rules: [{ header: { name: 'a' } }] } };
  expect(compile(rule, ANY, NETWORK_RBAC).errors).toEqual([`${PERMISSION}.and_rules.rules[0].header: Found header(name: "a") rule,not supported by RBAC network filter`]);
  expect(compile(ANY, { notId: { header: { name: 'a' } } }, NETWORK_RBAC).errors).toHaveLength(1);
  expect(compile(rule).errors).toEqual([]);
});

it('what stands beside a matcher is told to have no effect', () => {
  const problems = new Problems();
  const context = new CompileRun({ registry, runtime: emptyRuntime } as unknown as ThreadServices, problems, new Set(), new Map());
  const rules = message('envoy.config.rbac.v3.RBAC', {});
  const matcher = message('xds.type.matcher.v3.Matcher', {});
  compileRbacEngines({ rules, matcher, shadowRules: rules, shadowMatcher: matcher }, ConfigPath.root, context, HTTP_RBAC);
  expect(problems.warnings.map(formatProblem)).toEqual([
    'rules: RBAC rules are ignored when matcher is configured',
    'shadow_rules: RBAC shadow rules are ignored when shadow matcher is configured',
  ]);
});

describe('the filter state of a principal', () => {
  const allows = (addressMatch: JsonObject, object: unknown): boolean => {
    const { info } = dataOf({});
    info.filterState = filterStateOf(['k', object]);
    return compile(ANY, { filterState: { key: 'k', addressMatch } }).engines.enforced!.judge({ info, headers: undefined }).allowed;
  };
  const ranges = [{ addressPrefix: '10.0.0.0', prefixLen: 8 }, { addressPrefix: '2001:db8::', prefixLen: 32 }];

  it('may be an address in some ranges, or in none of them', () => {
    const addresses = ['10.1.2.3', '11.1.2.3', '2001:db8::1'].map((host) => new FilterStateAddress(ipAddress(host, 0)));
    expect(addresses.map((address) => allows({ ranges }, address))).toEqual([true, false, true]);
    expect(addresses.map((address) => allows({ ranges, invertMatch: true }, address))).toEqual([false, true, false]);
  });

  it('is no address when it is a text', () => {
    expect(allows({ ranges }, '10.1.2.3')).toBe(false);
    expect(allows({ ranges, invertMatch: true }, '11.1.2.3')).toBe(false);
  });
});
