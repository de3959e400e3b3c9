import type { ConsistentHashing } from '../../../api/generated/envoy/extensions/matching/input_matchers/consistent_hashing/v3.ts';
import type { Ip } from '../../../api/generated/envoy/extensions/matching/input_matchers/ip/v3.ts';
import type { Metadata } from '../../../api/generated/envoy/extensions/matching/input_matchers/metadata/v3.ts';
import type { RuntimeFraction } from '../../../api/generated/envoy/extensions/matching/input_matchers/runtime_fraction/v3.ts';
import type { Category, Extension } from '../../../core/extension.ts';
import { defineStats } from '../../../core/stats/stats.ts';
import { xxHash64 } from '../../../core/xxhash64.ts';
import { ipAddressBytes } from '../../format/address-mask.ts';
import { compileIpPrefixSet } from '../../ip-prefix.ts';
import { compileMetadataValue } from '../../matcher/metadata-matcher.ts';
import { compileRuntimeFraction } from '../../matcher/runtime-fraction.ts';
import { type InputMatcher, textInputMatcher } from '../match-tree.ts';

const CATEGORY: Category = 'envoy.matching.input_matchers';
const IP_STATS = defineStats({ counters: ['ip_parsing_failed'] });
/** All shares are multiples of a millionth. */
const MILLION = 1_000_000n;

const ipMatcherExtension: Extension<Ip, InputMatcher> = {
  name: 'envoy.matching.matchers.ip',
  category: CATEGORY,
  configType: 'envoy.extensions.matching.input_matchers.ip.v3.Ip',
  compile({ cidrRanges, statPrefix }, at, context) {
    const networks = compileIpPrefixSet(cidrRanges, at.field('cidr_ranges'), context);
    const stats = context.stats.group(statPrefix.replace(/\.$/, ''), IP_STATS);
    return textInputMatcher((text) => {
      if (text === '') return false;
      const bytes = ipAddressBytes(text);
      if (bytes === undefined) stats.inc(IP_STATS.ip_parsing_failed);
      return bytes !== undefined && networks.hasBytes(bytes);
    });
  },
};

const consistentHashingExtension: Extension<ConsistentHashing, InputMatcher> = {
  name: 'envoy.matching.matchers.consistent_hashing',
  category: CATEGORY,
  configType: 'envoy.extensions.matching.input_matchers.consistent_hashing.v3.ConsistentHashing',
  compile({ threshold, modulo, seed }, at, context) {
    if (threshold > modulo) context.error(at, `threshold cannot be greater than modulo: ${threshold} > ${modulo}`);
    const divisor = BigInt(modulo);
    return textInputMatcher((text) => xxHash64(Buffer.from(text, 'latin1'), seed) % divisor >= threshold);
  },
};

const runtimeFractionExtension: Extension<RuntimeFraction, InputMatcher> = {
  name: 'envoy.matching.matchers.runtime_fraction',
  category: CATEGORY,
  configType: 'envoy.extensions.matching.input_matchers.runtime_fraction.v3.RuntimeFraction',
  compile({ runtimeFraction, seed }, _at, context) {
    const fraction = runtimeFraction && compileRuntimeFraction(runtimeFraction, context.runtime);
    return textInputMatcher((text) => fraction?.includes(Number(xxHash64(Buffer.from(text, 'latin1'), seed) % MILLION)) === true);
  },
};

const metadataMatcherExtension: Extension<Metadata, InputMatcher> = {
  name: 'envoy.matching.matchers.metadata_matcher',
  category: CATEGORY,
  configType: 'envoy.extensions.matching.input_matchers.metadata.v3.Metadata',
  compile(message, at, context) {
    const value = compileMetadataValue(message, at, context);
    return { kind: 'metadata', matches: (found) => value !== undefined && value(found) !== message.invert };
  },
};

export const inputMatcherExtensions: readonly Extension<never, unknown>[] = [
  ipMatcherExtension,
  consistentHashingExtension,
  runtimeFractionExtension,
  metadataMatcherExtension,
];
