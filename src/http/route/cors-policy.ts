import type { CorsPolicy as RoutePolicyMessage } from '../../api/generated/envoy/config/route/v3.ts';
import type { CorsPolicy as PolicyMessage } from '../../api/generated/envoy/extensions/filters/http/cors/v3.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import { wireText } from '../../core/wire-text.ts';
import { compileRuntimeFraction, type RuntimeFraction } from '../matcher/runtime-fraction.ts';
import { compileStringMatcher, type StringMatcher } from '../matcher/string-matcher.ts';

/** What the cors filter is told of a route, by its own configuration or by the older fields of routes. '' and undefined leave the choice to the next level. */
export interface CorsPolicy {
  readonly origins: readonly StringMatcher[];
  readonly allowMethods: string;
  readonly allowHeaders: string;
  readonly exposeHeaders: string;
  readonly maxAge: string;
  readonly allowCredentials: boolean | undefined;
  readonly allowPrivateNetworkAccess: boolean | undefined;
  readonly forwardNotMatchingPreflights: boolean | undefined;
  /** Undefined: always. */
  readonly enabled: RuntimeFraction | undefined;
  /** Undefined: never. */
  readonly shadow: RuntimeFraction | undefined;
}

/** The older field `cors`, at `at`, behind those of the less specific levels. */
export function compileCorsField(
  message: RoutePolicyMessage | undefined,
  at: ConfigPath,
  context: CompileContext,
  inherited: readonly CorsPolicy[],
): readonly CorsPolicy[] {
  if (message === undefined) return inherited;
  return [...inherited, compileCorsPolicy({ ...message, filterEnabled: message.enabledSpecifier.value }, at, context)];
}

export function compileCorsPolicy(message: Omit<PolicyMessage, '$typeName'>, at: ConfigPath, context: CompileContext): CorsPolicy {
  const { filterEnabled, shadowEnabled } = message;
  const origins = message.allowOriginStringMatch.map((matcher, index) =>
    compileStringMatcher(matcher, at.field('allow_origin_string_match').index(index), context),
  );
  return {
    origins: origins.filter((origin) => origin !== undefined),
    allowMethods: wireText(message.allowMethods),
    allowHeaders: wireText(message.allowHeaders),
    exposeHeaders: wireText(message.exposeHeaders),
    maxAge: wireText(message.maxAge),
    allowCredentials: message.allowCredentials,
    allowPrivateNetworkAccess: message.allowPrivateNetworkAccess,
    forwardNotMatchingPreflights: message.forwardNotMatchingPreflights,
    enabled: filterEnabled && compileRuntimeFraction(filterEnabled, context.runtime),
    shadow: shadowEnabled && compileRuntimeFraction(shadowEnabled, context.runtime),
  };
}

type TextField = 'allowMethods' | 'allowHeaders' | 'exposeHeaders' | 'maxAge';
type FlagField = 'allowCredentials' | 'allowPrivateNetworkAccess' | 'forwardNotMatchingPreflights';

/** What the most specific level that says something says. `levels`: the least specific first. */
export function policyText(levels: readonly CorsPolicy[], field: TextField): string {
  for (let at = levels.length - 1; at >= 0; at--) if (levels[at]![field] !== '') return levels[at]![field];
  return '';
}

export function policyFlag(levels: readonly CorsPolicy[], field: FlagField, otherwise: boolean): boolean {
  for (let at = levels.length - 1; at >= 0; at--) {
    const flag = levels[at]![field];
    if (flag !== undefined) return flag;
  }
  return otherwise;
}

/** Who allows this, be it as a prefix, allows every origin. */
const EVERY_ORIGIN = '*';

export function allowsOrigin(levels: readonly CorsPolicy[], origin: string): boolean {
  for (let at = levels.length - 1; at >= 0; at--) {
    const { origins } = levels[at]!;
    if (origins.length === 0) continue;
    for (const matcher of origins) if (matcher.matches(EVERY_ORIGIN) || matcher.matches(origin)) return true;
    return false;
  }
  return false;
}
