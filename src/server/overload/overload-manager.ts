import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/log.ts';
import { CONNECTIONS_MONITOR_STATS, noOverload, type OverloadAction, type OverloadMessage } from '../../core/overload.ts';
import { defineStats, type StatGroup, type StatStore } from '../../core/stats/stats.ts';
import type { Timers } from '../../core/timers.ts';
import type { ActionSpec, OverloadSpec } from './compile.ts';
import { type MonitorSpec, pressureReader, type ReadPressure } from './monitors.ts';

const MONITOR_STATS = defineStats({ counters: ['failed_updates', 'skipped_updates'], gauges: ['pressure'] });
const ACTION_STATS = defineStats({ gauges: ['active', 'scale_percent'] });
const SHRINK_STATS = defineStats({ counters: ['shrink_count'] });

export interface OverloadServices {
  readonly stats: StatStore;
  readonly timers: Timers;
  readonly log: Logger;
  readonly clock: Clock;
  readonly readerOf?: (monitor: MonitorSpec) => ReadPressure;
  /** The states have changed. */
  publish(message: OverloadMessage): void;
}

interface WatchedMonitor {
  readonly spec: MonitorSpec;
  readonly read: ReadPressure;
  readonly stats: StatGroup;
  pressure: number;
}

interface WatchedAction {
  readonly spec: ActionSpec;
  readonly stats: StatGroup;
  state: number;
}

/** Watches resources on the main thread and tells all threads how far each action is to be taken. */
export class OverloadManager {
  readonly #services: OverloadServices;
  #spec: OverloadSpec | undefined;
  #monitors: readonly WatchedMonitor[] = [];
  #actions: readonly WatchedAction[] = [];
  #shrinkStats: StatGroup | undefined;
  #heapShrinks = 0;

  constructor(services: OverloadServices) {
    this.#services = services;
  }

  /** What the threads are to know; a thread that starts is told. */
  get message(): OverloadMessage {
    if (this.#spec === undefined) return noOverload;
    const states: Partial<Record<OverloadAction, number>> = {};
    for (const { spec, state } of this.#actions) if (state > 0) states[spec.action] = state;
    const { maxDownstreamConnections, timeoutFloors, minHeldPowerOfTwo } = this.#spec;
    return { states, maxDownstreamConnections, timeoutFloors, minHeldPowerOfTwo, heapShrinks: this.#heapShrinks };
  }

  /** Undefined: nothing is watched any more. */
  configure(spec: OverloadSpec | undefined): void {
    if (spec === undefined && this.#spec === undefined) return;
    const { stats, clock, readerOf = pressureReader } = this.#services;
    for (const { stats: group } of [...this.#monitors, ...this.#actions]) stats.release(group);
    if (this.#shrinkStats !== undefined) stats.release(this.#shrinkStats);
    this.#spec = spec;
    this.#monitors = (spec?.monitors ?? []).map((monitor) => ({ spec: monitor, read: readerOf(monitor, clock), stats: stats.group(`overload.${monitor.name}`, monitor.kind === 'connections' ? CONNECTIONS_MONITOR_STATS : MONITOR_STATS), pressure: 0 }));
    this.#actions = (spec?.actions ?? []).map((action) => ({ spec: action, stats: stats.group(actionScope(action.action), ACTION_STATS), state: 0 }));
    for (const { stats: group } of this.#actions) {
      group.gaugeSet(ACTION_STATS.active, 0);
      group.gaugeSet(ACTION_STATS.scale_percent, 0);
    }
    this.#shrinkStats = spec?.heapShrinkMs === undefined ? undefined : stats.group(actionScope('shrink_heap'), SHRINK_STATS);
    this.#services.publish(this.message);
    if (spec === undefined) return;
    this.#watch(spec);
    if (spec.heapShrinkMs !== undefined) this.#shrinkHeaps(spec, spec.heapShrinkMs);
  }

  #watch(spec: OverloadSpec): void {
    if (this.#spec !== spec) return;
    this.refresh();
    this.#services.timers.after(spec.refreshMs, { onTimer: () => this.#watch(spec) });
  }

  #shrinkHeaps(spec: OverloadSpec, intervalMs: number): void {
    this.#services.timers.after(intervalMs, {
      onTimer: () => {
        if (this.#spec !== spec) return;
        if (this.message.states.shrink_heap === 1) {
          this.#heapShrinks++;
          this.#shrinkStats!.inc(SHRINK_STATS.shrink_count);
          this.#services.publish(this.message);
        }
        this.#shrinkHeaps(spec, intervalMs);
      },
    });
  }

  refresh(): void {
    for (const monitor of this.#monitors) this.#update(monitor);
    let changed = false;
    for (const action of this.#actions) {
      const state = this.#stateOf(action.spec);
      if (state === action.state) continue;
      changed = true;
      this.#tell(action, state);
    }
    if (changed) this.#services.publish(this.message);
  }

  #update(monitor: WatchedMonitor): void {
    try {
      monitor.pressure = monitor.read();
      monitor.stats.gaugeSet(MONITOR_STATS.pressure, Math.floor(monitor.pressure * 100));
    } catch (error) {
      monitor.stats.inc(MONITOR_STATS.failed_updates);
      this.#services.log.info(`Failed to update resource ${monitor.spec.name}: ${(error as Error).message}`);
    }
  }

  #stateOf({ triggers }: ActionSpec): number {
    let state = 0;
    for (const { resource, from, to } of triggers) {
      const pressure = this.#monitors.find(({ spec }) => spec.name === resource)?.pressure ?? 0;
      const own = pressure >= to ? 1 : Math.max(0, (pressure - from) / (to - from));
      state = Math.max(state, from === to && pressure < to ? 0 : own);
    }
    return state;
  }

  #tell(action: WatchedAction, state: number): void {
    const { log } = this.#services;
    const name = `envoy.overload_actions.${action.spec.action}`;
    if (state === 1) log.warning(`Overload action ${name} became saturated`);
    else if (action.state === 0) log.info(`Overload action ${name} became scaling`);
    else if (state === 0) log.info(`Overload action ${name} became inactive`);
    action.state = state;
    action.stats.gaugeSet(ACTION_STATS.active, state === 1 ? 1 : 0);
    action.stats.gaugeSet(ACTION_STATS.scale_percent, Math.floor(state * 100));
  }
}

function actionScope(action: OverloadAction): string {
  return `overload.envoy.overload_actions.${action}`;
}
