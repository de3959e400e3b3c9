import type { RBAC, RBACPerRoute } from '../../../api/generated/envoy/extensions/filters/http/rbac/v3.ts';
import type { CompileContext, Extension } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import { CONTINUE, type FilterStatus, type FilterStream, type HttpFilter, STOP } from '../../../http/filter.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { HTTP } from '../../../http/http-services.ts';
import { compileRbacEngines, HTTP_RBAC, type RbacEngines } from '../../../http/rbac/engine.ts';
import { RbacStats } from '../../../http/rbac/stats.ts';
import { denialDetails, verdictMetadata } from '../../../http/rbac/verdict.ts';

const METADATA = 'envoy.filters.http.rbac';

export const rbacExtension: Extension<never, HttpFilter> = {
  name: 'envoy.filters.http.rbac',
  category: 'envoy.filters.http',
  configType: 'envoy.extensions.filters.http.rbac.v3.RBAC',
  routeConfigType: 'envoy.extensions.filters.http.rbac.v3.RBACPerRoute',
  compile(config, at, context) {
    const message = config as RBAC;
    const scope = `${context.service(HTTP).stats.prefix}.rbac`;
    const stats = new RbacStats(context.stats, scope, message.rulesStatPrefix, false);
    const shadowStats = new RbacStats(context.stats, scope, message.shadowRulesStatPrefix, true);
    return new Rbac(compileGate(message, at, context), stats, shadowStats);
  },
  compileRoute(config, at, context) {
    const { rbac } = config as RBACPerRoute;
    return rbac === undefined ? OPEN : compileGate(rbac, at.field('rbac'), context);
  },
};

/** What a filter or a route says. */
interface Gate extends RbacEngines {
  /** Before the names of metadata; '' of a route: the filter's. */
  readonly prefix: string;
  readonly shadowPrefix: string;
  readonly countsPolicies: boolean;
}

const OPEN: Gate = { enforced: undefined, shadow: undefined, prefix: '', shadowPrefix: '', countsPolicies: false };

function compileGate(message: RBAC, at: ConfigPath, context: CompileContext): Gate {
  return {
    ...compileRbacEngines(message, at, context, HTTP_RBAC),
    prefix: message.rulesStatPrefix,
    shadowPrefix: message.shadowRulesStatPrefix,
    countsPolicies: message.trackPerRuleStats,
  };
}

class Rbac implements HttpFilter {
  readonly #gate: Gate;
  readonly #stats: RbacStats;
  readonly #shadowStats: RbacStats;

  constructor(gate: Gate, stats: RbacStats, shadowStats: RbacStats) {
    this.#gate = gate;
    this.#stats = stats;
    this.#shadowStats = shadowStats;
  }

  decodeHeaders(stream: FilterStream, headers: HeaderMap): FilterStatus {
    const { enforced, shadow, prefix, shadowPrefix, countsPolicies } = (stream.perRoute as Gate | undefined) ?? this.#gate;
    const { info } = stream;
    const subject = { info, headers };
    const shadowVerdict = shadow?.judge(subject);
    if (shadowVerdict !== undefined) {
      this.#shadowStats.count(shadowVerdict);
      if (countsPolicies) this.#shadowStats.countPolicy(shadowVerdict);
      info.mergeMetadata(METADATA, verdictMetadata(`${shadowPrefix === '' ? this.#gate.shadowPrefix : shadowPrefix}shadow`, shadowVerdict));
    }
    const verdict = enforced?.judge(subject);
    if (verdict === undefined) return CONTINUE;
    this.#stats.count(verdict);
    if (countsPolicies) this.#stats.countPolicy(verdict);
    info.mergeMetadata(METADATA, verdictMetadata(`${prefix === '' ? this.#gate.prefix : prefix}enforced`, verdict));
    if (verdict.allowed) return CONTINUE;
    stream.localReply({ status: 403, body: 'RBAC: access denied', details: denialDetails(verdict) });
    return STOP;
  }
}
