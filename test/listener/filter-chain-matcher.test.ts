import { describe, expect, it } from 'vitest';
import type { JsonObject } from '@bufbuild/protobuf';
import { ConfigPath, formatProblem, Problems } from '../../src/core/problems.ts';
import { emptyRuntime } from '../../src/core/runtime.ts';
import { matchingExtensions } from '../../src/http/matching/extensions.ts';
import { rbacActionExtension } from '../../src/http/rbac/engine.ts';
import { DEFAULT_CHAIN, type FilterChainFinder, type MatchedSocket, NO_CHAIN } from '../../src/listener/match/filter-chain-match.ts';
import { compileFilterChainMatcher, filterChainNameExtension } from '../../src/listener/match/filter-chain-matcher.ts';
import { CompileRun, type ThreadServices } from '../../src/server/compile-context.ts';
import { ExtensionRegistry } from '../../src/server/extension-registry.ts';
import { ipAddress } from '../../src/transport/address.ts';
import { action, extension } from '../http/matching/matching-fixture.ts';
import { message } from '../http/matcher/matcher-fixture.ts';

const SOCKET: MatchedSocket = {
  localAddress: ipAddress('10.9.8.7', 8443),
  remoteAddress: ipAddress('10.1.2.3', 1111),
  directRemoteAddress: ipAddress('127.0.0.1', 2222),
  requestedServerName: 'a.b.com',
  transportProtocol: 'tls',
  applicationProtocols: ['h2', 'http/1.1'],
  filterState: new Map([['who', 'ann']]),
};

const registry = new ExtensionRegistry([...matchingExtensions, filterChainNameExtension, rbacActionExtension]);

function compile(json: JsonObject, names: readonly string[] = ['first', 'second']): { finder: FilterChainFinder | undefined; errors: string[] } {
  const problems = new Problems();
  const context = new CompileRun({ registry, runtime: emptyRuntime } as unknown as ThreadServices, problems, new Set(), new Map());
  const { filterChains } = message('envoy.config.listener.v3.Listener', { filterChains: names.map((name) => ({ name })) });
  const finder = compileFilterChainMatcher({ matcher: message('xds.type.matcher.v3.Matcher', json), chains: filterChains, addresses: '127.0.0.1:80' }, ConfigPath.root, context);
  return { finder, errors: problems.errors.map(formatProblem) };
}

/** The second chain for connections of which `input` has `value`. */
const second = (name: string, value: string, fields: JsonObject = {}): JsonObject => ({
  matcherTree: { input: extension(`envoy.extensions.matching.common_inputs.${name}`, fields), exactMatchMap: { map: { [value]: action('second') } } },
});

describe('a filter chain matcher', () => {
  it.each([
    ['network.v3.DestinationIPInput', '10.9.8.7'],
    ['network.v3.DestinationPortInput', '8443'],
    ['network.v3.SourceIPInput', '10.1.2.3'],
    ['network.v3.SourcePortInput', '1111'],
    ['network.v3.DirectSourceIPInput', '127.0.0.1'],
    ['network.v3.ServerNameInput', 'a.b.com'],
    ['network.v3.TransportProtocolInput', 'tls'],
    ['network.v3.ApplicationProtocolInput', "'h2','http/1.1'"],
  ])('reads %s', (name, value) => {
    expect(compile(second(name, value)).finder!.find(SOCKET)).toBe(1);
    expect(compile(second(name, 'else')).finder!.find(SOCKET)).toBe(DEFAULT_CHAIN);
  });

  it('reads the filter state and the kind of source', () => {
    expect(compile(second('network.v3.FilterStateInput', 'ann', { key: 'who' })).finder!.find(SOCKET)).toBe(1);
    const kind = compile(second('network.v3.SourceTypeInput', 'local')).finder!;
    expect(kind.find(SOCKET)).toBe(DEFAULT_CHAIN);
    expect(kind.find({ ...SOCKET, remoteAddress: ipAddress('127.0.0.9', 1) })).toBe(1);
    expect(kind.find({ ...SOCKET, remoteAddress: ipAddress('10.9.8.7', 1) })).toBe(1);
  });

  it('leaves to the default chain what cannot be known before the handshake', () => {
    expect(compile(second('ssl.v3.SubjectInput', 'CN=a')).finder!.find(SOCKET)).toBe(DEFAULT_CHAIN);
  });

  it('takes no chain for a name that none has', () => {
    expect(compile({ onNoMatch: action('third') }).finder!.find(SOCKET)).toBe(NO_CHAIN);
  });

  it('needs names of its chains, each its own', () => {
    expect(compile({ onNoMatch: action('a') }, ['a', '', 'a']).errors).toEqual([
      `filter_chains[1].name: error adding listener '127.0.0.1:80': "name" field is required when using a listener matcher; it is what the matcher finds a chain by`,
      `filter_chains[2].name: error adding listener '127.0.0.1:80': "name" field is duplicated with value 'a'; the matcher finds a chain by it`,
    ]);
  });

  it('knows neither inputs nor actions of requests', () => {
    const header = { matcherTree: { input: extension('envoy.type.matcher.v3.HttpRequestHeaderMatchInput', { headerName: 'x' }), exactMatchMap: { map: { a: action('first') } } } };
    expect(compile(header).errors[0]).toContain("Didn't find a registered implementation for 'x' with type URL: 'envoy.type.matcher.v3.HttpRequestHeaderMatchInput'");
    const allowed = { action: extension('envoy.config.rbac.v3.Action', { name: 'a' }) };
    expect(compile({ onNoMatch: allowed }).errors[0]).toContain("Didn't find a registered implementation for 'x' with type URL: 'envoy.config.rbac.v3.Action'");
  });

  it('is refused where Envoy would end at the first connection', () => {
    expect(compile({ onNoMatch: { ...action('first'), keepMatching: true } }).errors).toEqual(['filter_chain_matcher.on_no_match.keep_matching: keep_matching is not supported in this context; leave it out']);
  });
});
