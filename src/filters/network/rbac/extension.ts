import { type RBAC, RBAC_EnforcementType as Enforcement } from '../../../api/generated/envoy/extensions/filters/network/rbac/v3.ts';
import type { Clock } from '../../../core/clock.ts';
import { durationMs } from '../../../core/durations.ts';
import type { Extension } from '../../../core/extension.ts';
import { defineStats, type StatGroup } from '../../../core/stats/stats.ts';
import { Timer, type TimerList, type TimerOwner } from '../../../core/timers.ts';
import { streamOf } from '../../../http/connection-stream.ts';
import { compileRbacRules, type RbacRules } from '../../../http/rbac/compile.ts';
import { CONTINUE, type FilteredConnection, type NetworkFilter, type NetworkFilterStatus, type NetworkReadFilter, STOP } from '../../../listener/network-filter.ts';

const STATS = defineStats({ counters: ['allowed', 'denied'] });
const SHADOW_STATS = defineStats({ counters: ['shadow_allowed', 'shadow_denied'] });
const DENIED = 'rbac_deny_close';
const METADATA = 'envoy.filters.network.rbac';

export const networkRbacExtension: Extension<RBAC, NetworkFilter> = {
  name: 'envoy.filters.network.rbac',
  category: 'envoy.filters.network',
  configType: 'envoy.extensions.filters.network.rbac.v3.RBAC',
  compile(message, at, context) {
    const delayMs = durationMs(message.delayDeny) ?? 0;
    const scope = `${message.statPrefix}${message.statPrefix.endsWith('.') ? '' : '.'}rbac`;
    const gate: Gate = {
      clock: context.clock,
      rules: message.rules && compileRbacRules(message.rules, at.field('rules'), context),
      shadowRules: message.shadowRules && compileRbacRules(message.shadowRules, at.field('shadow_rules'), context),
      shadowPrefix: message.shadowRulesStatPrefix,
      stats: context.stats.group(scope, STATS),
      shadowStats: context.stats.group(message.shadowRulesStatPrefix === '' ? scope : `${scope}.${message.shadowRulesStatPrefix.replace(/\.$/, '')}`, SHADOW_STATS),
      continuous: message.enforcementType === Enforcement.CONTINUOUS,
      delays: delayMs === 0 ? undefined : context.timers.list(delayMs),
    };
    return { open: (connection) => new JudgedConnection(gate, connection) };
  },
};

interface Gate {
  readonly clock: Clock;
  readonly rules: RbacRules | undefined;
  readonly shadowRules: RbacRules | undefined;
  readonly shadowPrefix: string;
  readonly stats: StatGroup;
  readonly shadowStats: StatGroup;
  /** Each read is judged, not the first alone. */
  readonly continuous: boolean;
  readonly delays: TimerList | undefined;
}

/** Judged when its first bytes come: what TLS tells is known by then. */
class JudgedConnection implements NetworkReadFilter, TimerOwner {
  readonly #gate: Gate;
  readonly #connection: FilteredConnection;
  #judged = false;
  #timer: Timer | undefined;

  constructor(gate: Gate, connection: FilteredConnection) {
    this.#gate = gate;
    this.#connection = connection;
  }

  onNewConnection(): NetworkFilterStatus {
    return CONTINUE;
  }

  onData(_bytes: Buffer, length: number): NetworkFilterStatus {
    if (length === 0 || (this.#judged && !this.#gate.continuous)) return CONTINUE;
    const isFirst = !this.#judged;
    this.#judged = true;
    if (isFirst || this.#gate.continuous) this.#judgeShadow();
    const { rules, stats, delays } = this.#gate;
    const verdict = rules?.judge({ info: streamOf(this.#connection.info, this.#gate.clock), headers: undefined });
    if (verdict === undefined) return CONTINUE;
    stats.inc(verdict.allowed ? STATS.allowed : STATS.denied);
    if (verdict.allowed) return CONTINUE;
    const details = `rbac_access_denied_matched_policy[${verdict.policy === '' ? 'none' : verdict.policy.replaceAll(/\s/g, '_')}]`;
    this.#connection.info.terminationDetails = details;
    if (delays === undefined) this.#connection.close(DENIED);
    else delays.arm((this.#timer = new Timer(this)));
    return STOP;
  }

  onClosed(): void {
    this.#timer?.disarm();
  }

  onTimer(): void {
    this.#connection.close(DENIED);
  }

  #judgeShadow(): void {
    const { shadowRules, shadowStats, shadowPrefix, clock } = this.#gate;
    if (shadowRules === undefined) return;
    const info = streamOf(this.#connection.info, clock);
    const { allowed, policy } = shadowRules.judge({ info, headers: undefined });
    shadowStats.inc(allowed ? SHADOW_STATS.shadow_allowed : SHADOW_STATS.shadow_denied);
    const told = { [`${shadowPrefix}shadow_engine_result`]: allowed ? 'allowed' : 'denied', ...(policy === '' ? {} : { [`${shadowPrefix}shadow_effective_policy_id`]: policy }) };
    (info.metadata ??= new Map()).set(METADATA, { ...info.metadata?.get(METADATA), ...told });
  }
}
