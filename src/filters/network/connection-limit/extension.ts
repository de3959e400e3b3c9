import type { ConnectionLimit } from '../../../api/generated/envoy/extensions/filters/network/connection_limit/v3.ts';
import { durationMs } from '../../../core/durations.ts';
import type { Extension } from '../../../core/extension.ts';
import { type CountCells, countName, PROCESS_COUNTS } from '../../../core/process-counts.ts';
import { defineStats, type StatGroup } from '../../../core/stats/stats.ts';
import { Timer, type TimerList, type TimerOwner } from '../../../core/timers.ts';
import { CONTINUE, type FilteredConnection, LISTENER, type NetworkFilter, type NetworkFilterStatus, type NetworkReadFilter, STOP } from '../../../listener/network-filter.ts';

const CONNECTIONS = 0;
const STATS = defineStats({ counters: ['limited_connections'], gauges: ['active_connections'] });

/** Closes the connections of a filter chain beyond a number, which all threads count together. */
export const connectionLimitExtension: Extension<ConnectionLimit, NetworkFilter> = {
  name: 'envoy.filters.network.connection_limit',
  category: 'envoy.filters.network',
  configType: 'envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit',
  compile(message, at, context) {
    const { runtimeEnabled, maxConnections } = message;
    const delayMs = durationMs(message.delay) ?? 0;
    const limiter: Limiter = {
      stats: context.stats.group(`connection_limit.${message.statPrefix}`, STATS),
      max: maxConnections === undefined ? Infinity : Number(maxConnections),
      delays: delayMs === 0 ? undefined : context.timers.list(delayMs),
      enabled: () => runtimeEnabled === undefined || context.runtime.boolean(runtimeEnabled.runtimeKey, runtimeEnabled.defaultValue ?? true),
      counts: context.service(PROCESS_COUNTS).cells(countName('connection_limit', `${context.service(LISTENER).name}\n${at}`)),
    };
    return { open: (connection) => new LimitedConnection(limiter, connection) };
  },
};

const OVER_LIMIT = 'over_connection_limit';

interface Limiter {
  readonly stats: StatGroup;
  readonly max: number;
  readonly delays: TimerList | undefined;
  enabled(): boolean;
  readonly counts: CountCells;
}

class LimitedConnection implements NetworkReadFilter, TimerOwner {
  readonly #limiter: Limiter;
  readonly #connection: FilteredConnection;
  #counted = false;
  #timer: Timer | undefined;

  constructor(limiter: Limiter, connection: FilteredConnection) {
    this.#limiter = limiter;
    this.#connection = connection;
  }

  onNewConnection(): NetworkFilterStatus {
    const limiter = this.#limiter;
    if (!limiter.enabled()) return CONTINUE;
    limiter.stats.gaugeAdd(STATS.active_connections, 1);
    this.#counted = true;
    if (limiter.counts.add(CONNECTIONS, 1) < limiter.max) return CONTINUE;
    limiter.stats.inc(STATS.limited_connections);
    this.#uncount();
    if (limiter.delays === undefined) this.#connection.close(OVER_LIMIT);
    else limiter.delays.arm((this.#timer = new Timer(this)));
    return STOP;
  }

  onData(): NetworkFilterStatus {
    return CONTINUE;
  }

  onClosed(): void {
    this.#timer?.disarm();
    this.#uncount();
  }

  onTimer(): void {
    this.#connection.close(OVER_LIMIT);
  }

  #uncount(): void {
    if (!this.#counted) return;
    this.#counted = false;
    this.#limiter.counts.add(CONNECTIONS, -1);
    this.#limiter.stats.gaugeAdd(STATS.active_connections, -1);
  }
}
