import { type RBAC, RBAC_EnforcementType as Enforcement } from '../../../api/generated/envoy/extensions/filters/network/rbac/v3.ts';
import type { Clock } from '../../../core/clock.ts';
import { durationMs } from '../../../core/durations.ts';
import type { Extension } from '../../../core/extension.ts';
import { Timer, type TimerList, type TimerOwner } from '../../../core/timers.ts';
import { streamOf } from '../../../http/connection-stream.ts';
import { compileRbacEngines, NETWORK_RBAC, type RbacEngines } from '../../../http/rbac/engine.ts';
import { RbacStats } from '../../../http/rbac/stats.ts';
import { denialDetails, verdictMetadata } from '../../../http/rbac/verdict.ts';
import { CONTINUE, type FilteredConnection, type NetworkFilter, type NetworkFilterStatus, type NetworkReadFilter, STOP } from '../../../listener/network-filter.ts';

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
      ...compileRbacEngines(message, at, context, NETWORK_RBAC),
      clock: context.clock,
      shadowPrefix: message.shadowRulesStatPrefix,
      stats: new RbacStats(context.stats, scope, '', false),
      shadowStats: new RbacStats(context.stats, scope, message.shadowRulesStatPrefix, true),
      continuous: message.enforcementType === Enforcement.CONTINUOUS,
      delays: delayMs === 0 ? undefined : context.timers.list(delayMs),
    };
    return { open: (connection) => new JudgedConnection(gate, connection) };
  },
};

interface Gate extends RbacEngines {
  readonly clock: Clock;
  readonly shadowPrefix: string;
  readonly stats: RbacStats;
  readonly shadowStats: RbacStats;
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

  /** Also of a FIN that comes without bytes. */
  onData(): NetworkFilterStatus {
    if (this.#judged && !this.#gate.continuous) return CONTINUE;
    const isFirst = !this.#judged;
    this.#judged = true;
    if (isFirst || this.#gate.continuous) this.#judgeShadow();
    const { enforced, stats, delays } = this.#gate;
    const verdict = enforced?.judge({ info: streamOf(this.#connection.info, this.#gate.clock), headers: undefined });
    if (verdict === undefined) return CONTINUE;
    stats.count(verdict);
    if (verdict.allowed) return CONTINUE;
    this.#connection.info.terminationDetails = denialDetails(verdict);
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
    const { shadow, shadowStats, shadowPrefix, clock } = this.#gate;
    if (shadow === undefined) return;
    const info = streamOf(this.#connection.info, clock);
    const verdict = shadow.judge({ info, headers: undefined });
    shadowStats.count(verdict);
    info.mergeMetadata(METADATA, verdictMetadata(`${shadowPrefix}shadow`, verdict));
  }
}
