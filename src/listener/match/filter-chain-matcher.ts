import type { FilterChain } from '../../api/generated/envoy/config/listener/v3.ts';
import type { Matcher } from '../../api/generated/xds/type/matcher/v3.ts';
import type { CompileContext, Extension } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { compileMatchTree, type MatchingSite } from '../../http/matching/compile.ts';
import { type MatchTree, UNDECIDED } from '../../http/matching/match-tree.ts';
import type { NetworkMatchingData } from '../../http/matching/matching-data.ts';
import type { Address } from '../../transport/transport.ts';
import { type ChainIndex, DEFAULT_CHAIN, type FilterChainFinder, type MatchedSocket, NO_CHAIN } from './filter-chain-match.ts';

const SITE: MatchingSite = {
  inputs: 'envoy.matching.network.input',
  customMatchers: 'envoy.matching.network.custom_matchers',
  actions: 'envoy.matching.action',
  actionTypes: new Set(['google.protobuf.StringValue']),
};

/** What a `filter_chain_matcher` ends in: the name of a chain. */
export const filterChainNameExtension: Extension<never, string> = {
  name: 'filter-chain-name',
  category: 'envoy.matching.action',
  configType: 'google.protobuf.StringValue',
  compile: (config) => (config as { readonly value: string }).value,
};

/** `at`: the listener; `addresses`: its own, for messages. What the chains' `filter_chain_match` say has no effect. Undefined after reporting what is wrong. */
export function compileFilterChainMatcher(
  { matcher, chains, addresses }: { readonly matcher: Matcher; readonly chains: readonly FilterChain[]; readonly addresses: string },
  at: ConfigPath,
  context: CompileContext,
): FilterChainFinder | undefined {
  const indices = new Map<string, ChainIndex>();
  chains.forEach(({ name }, index) => {
    const nameAt = at.field('filter_chains').index(index).field('name');
    if (name === '') context.error(nameAt, `error adding listener '${addresses}': "name" field is required when using a listener matcher; it is what the matcher finds a chain by`);
    else if (indices.has(name)) context.error(nameAt, `error adding listener '${addresses}': "name" field is duplicated with value '${name}'; the matcher finds a chain by it`);
    else indices.set(name, index);
  });
  const tree = compileMatchTree<NetworkMatchingData, string>(matcher, at.field('filter_chain_matcher'), context, SITE);
  return tree && new FilterChainMatcher(tree, indices);
}

class FilterChainMatcher implements FilterChainFinder {
  readonly #tree: MatchTree<NetworkMatchingData, string>;
  readonly #indices: ReadonlyMap<string, ChainIndex>;

  constructor(tree: MatchTree<NetworkMatchingData, string>, indices: ReadonlyMap<string, ChainIndex>) {
    this.#tree = tree;
    this.#indices = indices;
  }

  /** A name that no chain has does not stand for the default chain. */
  find(socket: MatchedSocket): ChainIndex {
    const name = this.#tree.match(new SocketData(socket));
    if (name === undefined || name === UNDECIDED) return DEFAULT_CHAIN;
    return this.#indices.get(name) ?? NO_CHAIN;
  }
}

class SocketData implements NetworkMatchingData {
  readonly #socket: MatchedSocket;
  /** There has been no handshake. */
  readonly tls = undefined;

  constructor(socket: MatchedSocket) {
    this.#socket = socket;
  }

  get localAddress(): Address {
    return this.#socket.localAddress;
  }

  get remoteAddress(): Address {
    return this.#socket.remoteAddress;
  }

  get directRemoteAddress(): Address {
    return this.#socket.directRemoteAddress;
  }

  get requestedServerName(): string {
    return this.#socket.requestedServerName;
  }

  get transportProtocol(): string {
    return this.#socket.transportProtocol;
  }

  get applicationProtocols(): readonly string[] {
    return this.#socket.applicationProtocols;
  }

  stateOf(key: string): unknown {
    return this.#socket.filterState?.get(key);
  }
}
