import type { Config as EnvironmentVariable } from '../../api/generated/envoy/extensions/matching/common_inputs/environment_variable/v3.ts';
import type { IPMatcher, ServerNameMatcher } from '../../api/generated/xds/type/matcher/v3.ts';
import type { Category, Extension } from '../../core/extension.ts';
import { wireText } from '../../core/wire-text.ts';
import { PROCESS } from '../format/environment.ts';
import { celMatchingExtensions } from './cel.ts';
import { compileDomains } from './custom/domains.ts';
import { compileIpRanges } from './custom/ip-ranges.ts';
import { inputMatcherExtensions } from './input-matchers/extensions.ts';
import { connectionInputExtensions } from './inputs/connection-inputs.ts';
import { httpInputExtensions } from './inputs/http-inputs.ts';
import type { BranchIndex, TextInput } from './match-tree.ts';

const environmentVariableExtension: Extension<EnvironmentVariable, TextInput<unknown>> = {
  name: 'envoy.matching.common_inputs.environment_variable',
  category: 'envoy.matching.common_inputs',
  configType: 'envoy.extensions.matching.common_inputs.environment_variable.v3.Config',
  compile({ name }, _at, context) {
    const value = context.service(PROCESS).variable(name);
    const text = value && wireText(value);
    return { kind: 'text', get: () => text };
  },
};

function customMatchers(category: Category): readonly Extension<never, BranchIndex<never, unknown>>[] {
  const ipRanges: Extension<IPMatcher, BranchIndex<never, unknown>> = {
    name: 'envoy.matching.custom_matchers.ip_range_matcher',
    category,
    configType: 'xds.type.matcher.v3.IPMatcher',
    compile: compileIpRanges,
  };
  const domains: Extension<ServerNameMatcher, BranchIndex<never, unknown>> = {
    name: 'envoy.matching.custom_matchers.domain_matcher',
    category,
    configType: 'xds.type.matcher.v3.ServerNameMatcher',
    compile: compileDomains,
  };
  return [ipRanges, domains];
}

/** What may stand in matcher trees, but for the actions, which their consumers define. */
export const matchingExtensions: readonly Extension<never, unknown>[] = [
  ...connectionInputExtensions,
  ...httpInputExtensions,
  environmentVariableExtension,
  ...inputMatcherExtensions,
  ...celMatchingExtensions,
  ...customMatchers('envoy.matching.http.custom_matchers'),
  ...customMatchers('envoy.matching.network.custom_matchers'),
];
