import type { IPMatcher } from '../../../api/generated/xds/type/matcher/v3.ts';
import type { CompileContext } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import { ipAddressBytes } from '../../format/address-mask.ts';
import { compileIpPrefix, type IpPrefix, IpPrefixMap } from '../../ip-prefix.ts';
import { CUSTOM_INDEX_PARTS } from '../compile.ts';
import type { BranchIndex, MatchTree } from '../match-tree.ts';

interface Range {
  readonly prefix: IpPrefix;
  /** Taken only where no longer prefix contains the address. */
  readonly exclusive: boolean;
  readonly onMatch: MatchTree<never, unknown>;
}

/** `xds.type.matcher.v3.IPMatcher`. */
export function compileIpRanges({ rangeMatchers }: IPMatcher, at: ConfigPath, context: CompileContext): BranchIndex<never, unknown> {
  const parts = context.service(CUSTOM_INDEX_PARTS);
  const ranges: Range[] = [];
  rangeMatchers.forEach((matcher, index) => {
    const matcherAt = at.field('range_matchers').index(index);
    const onMatch = parts.onMatch(matcher.onMatch, matcherAt.field('on_match'));
    matcher.ranges.forEach((range, place) => {
      const prefix = compileIpPrefix(range, matcherAt.field('ranges').index(place), context);
      if (prefix !== undefined && onMatch !== undefined) ranges.push({ prefix, exclusive: matcher.exclusive, onMatch });
    });
  });
  return new IpRangeIndex(ranges);
}

/** The ranges of one network, in the order of the configuration. */
interface Network {
  readonly ranges: readonly Range[];
  /** The smallest network around it. */
  readonly around: Network | undefined;
}

/** The longest prefix first, of equal ones that which is named first; shorter ones where nothing matches below it. */
class IpRangeIndex implements BranchIndex<never, unknown> {
  readonly #networks = new IpPrefixMap<Network>();

  constructor(ranges: readonly Range[]) {
    const same = new Map<string, Range[]>();
    for (const range of ranges) {
      const others = same.get(range.prefix.text);
      if (others === undefined) same.set(range.prefix.text, [range]);
      else others.push(range);
    }
    const shortestFirst = [...same.values()].sort(([a], [b]) => a!.prefix.bits - b!.prefix.bits);
    for (const group of shortestFirst) {
      const { prefix } = group[0]!;
      this.#networks.set(prefix, { ranges: group, around: this.#networks.find(prefix.bytes) });
    }
  }

  match(value: string, data: never): unknown {
    const address = ipAddressBytes(value);
    let isFirst = true;
    for (let network = address && this.#networks.find(address); network !== undefined; network = network.around) {
      for (const { exclusive, onMatch } of network.ranges) {
        if (exclusive && !isFirst) continue;
        isFirst = false;
        const found = onMatch.match(data);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }
}
