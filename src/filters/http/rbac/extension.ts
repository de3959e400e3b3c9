import type { RBAC, RBACPerRoute } from '../../../api/generated/envoy/extensions/filters/http/rbac/v3.ts';
import type { CompileContext, Extension } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import { defineStats, type StatGroup } from '../../../core/stats/stats.ts';
import { CONTINUE, type FilterStatus, type FilterStream, type HttpFilter, STOP } from '../../../http/filter.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { HTTP } from '../../../http/http-services.ts';
import { compileRbacRules, type RbacRules } from '../../../http/rbac/compile.ts';

const STATS = defineStats({ counters: ['allowed', 'denied'] });
const SHADOW_STATS = defineStats({ counters: ['shadow_allowed', 'shadow_denied'] });
const METADATA = 'envoy.filters.http.rbac';

export const rbacExtension: Extension<never, HttpFilter> = {
  name: 'envoy.filters.http.rbac',
  category: 'envoy.filters.http',
  configType: 'envoy.extensions.filters.http.rbac.v3.RBAC',
  routeConfigType: 'envoy.extensions.filters.http.rbac.v3.RBACPerRoute',
  compile(config, at, context) {
    const message = config as RBAC;
    const scope = `${context.service(HTTP).stats.prefix}.rbac`;
    const stats = context.stats.group(scoped(scope, message.rulesStatPrefix), STATS);
    const shadowStats = context.stats.group(scoped(scope, message.shadowRulesStatPrefix), SHADOW_STATS);
    return new Rbac(compileRules(message, at, context), stats, shadowStats);
  },
  compileRoute(config, at, context) {
    const { rbac } = config as RBACPerRoute;
    return rbac === undefined ? NO_RULES : compileRules(rbac, at.field('rbac'), context);
  },
};

interface Rules {
  readonly rules: RbacRules | undefined;
  readonly shadowRules: RbacRules | undefined;
  readonly shadowPrefix: string;
}

const NO_RULES: Rules = { rules: undefined, shadowRules: undefined, shadowPrefix: '' };

function compileRules(message: RBAC, at: ConfigPath, context: CompileContext): Rules {
  return {
    rules: message.rules && compileRbacRules(message.rules, at.field('rules'), context),
    shadowRules: message.shadowRules && compileRbacRules(message.shadowRules, at.field('shadow_rules'), context),
    shadowPrefix: message.shadowRulesStatPrefix,
  };
}

function scoped(scope: string, prefix: string): string {
  return prefix === '' ? scope : `${scope}.${prefix.replace(/\.$/, '')}`;
}

class Rbac implements HttpFilter {
  readonly #rules: Rules;
  readonly #stats: StatGroup;
  readonly #shadowStats: StatGroup;

  constructor(rules: Rules, stats: StatGroup, shadowStats: StatGroup) {
    this.#rules = rules;
    this.#stats = stats;
    this.#shadowStats = shadowStats;
  }

  decodeHeaders(stream: FilterStream, headers: HeaderMap): FilterStatus {
    const { rules, shadowRules, shadowPrefix } = (stream.perRoute as Rules | undefined) ?? this.#rules;
    const subject = { info: stream.info, headers };
    if (shadowRules !== undefined) {
      const { allowed, policy } = shadowRules.judge(subject);
      this.#shadowStats.inc(allowed ? SHADOW_STATS.shadow_allowed : SHADOW_STATS.shadow_denied);
      tell(stream, { [`${shadowPrefix}shadow_engine_result`]: allowed ? 'allowed' : 'denied', ...(policy === '' ? {} : { [`${shadowPrefix}shadow_effective_policy_id`]: policy }) });
    }
    if (rules === undefined) return CONTINUE;
    const { allowed, policy } = rules.judge(subject);
    this.#stats.inc(allowed ? STATS.allowed : STATS.denied);
    tell(stream, { enforced_engine_result: allowed ? 'allowed' : 'denied', ...(policy === '' ? {} : { enforced_effective_policy_id: policy }) });
    if (allowed) return CONTINUE;
    const details = `rbac_access_denied_matched_policy[${policy === '' ? 'none' : policy.replaceAll(/\s/g, '_')}]`;
    stream.localReply({ status: 403, body: 'RBAC: access denied', details });
    return STOP;
  }
}

function tell({ info }: FilterStream, facts: Record<string, unknown>): void {
  (info.metadata ??= new Map()).set(METADATA, { ...info.metadata?.get(METADATA), ...facts });
}
