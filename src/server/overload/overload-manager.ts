import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/log.ts';
import { noOverload, type OverloadAction, type OverloadMessage } from '../../core/overload.ts';
import { defineStats, type StatGroup, type StatStore } from '../../core/stats/stats.ts';
import type { Timers } from '../../core/timers.ts';
import type { ActionSpec, OverloadSpec } from './compile.ts';
import { type MonitorSpec, pressureReader, type ReadPressure } from './monitors.ts';

const MONITOR_STATS = defineStats({ counters: ['failed_updates', 'skipped_updates'], gauges: ['pressure'] });
const ACTION_STATS = defineStats({ gauges: ['active', 'scale_percent'] });

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

  constructor(services: OverloadServices) {
    this.#services = services;
  }

  /** What the threads are to know; a thread that starts is told. */
  get message(): OverloadMessage {
    if (this.#spec === undefined) return noOverload;
    const states: Partial<Record<OverloadAction, number>> = {};
    for (const { spec, state } of this.#actions) if (state > 0) states[spec.action] = state;
    const { maxDownstreamConnections, timeoutFloors, minHeldPowerOfTwo } = this.#spec;
    return { states, maxDownstreamConnections, timeoutFloors, minHeldPowerOfTwo };
  }

  /** Undefined: nothing is watched any more. */
  configure(spec: OverloadSpec | undefined): void {
    if (spec === undefined && this.#spec === undefined) return;
    const { stats, clock, readerOf = pressureReader } = this.#services;
    for (const { stats: group } of [...this.#monitors, ...this.#actions]) stats.release(group);
    this.#spec = spec;
    this.#monitors = (spec?.monitors ?? []).map((monitor) => ({ spec: monitor, read: readerOf(monitor, clock), stats: stats.group(`overload.${monitor.name}`, MONITOR_STATS), pressure: 0 }));
    this.#actions = (spec?.actions ?? []).map((action) => ({ spec: action, stats: stats.group(`overload.envoy.overload_actions.${action.action}`, ACTION_STATS), state: 0 }));
    for (const { stats: group } of this.#actions) {
      group.gaugeSet(ACTION_STATS.active, 0);
      group.gaugeSet(ACTION_STATS.scale_percent, 0);
    }
    this.#services.publish(this.message);
    if (spec !== undefined) this.#watch(spec);
  }

  #watch(spec: OverloadSpec): void {
    if (this.#spec !== spec) return;
    this.refresh();
    this.#services.timers.after(spec.refreshMs, { onTimer: () => this.#watch(spec) });
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
