import type { OverloadAction as ActionMessage, OverloadManager as ManagerMessage, ScaleTimersOverloadActionConfig, ShrinkHeapConfig, Trigger } from '../../api/generated/envoy/config/overload/v3.ts';
import { ScaleTimersOverloadActionConfig_TimerType as TimerType } from '../../api/generated/envoy/config/overload/v3.ts';
import { configTypeOf, unpack } from '../../config/open-any.ts';
import { durationMs } from '../../core/durations.ts';
import { noOverload, type OverloadAction, type ScaledTimeout, type TimeoutFloor, type TimeoutFloors } from '../../core/overload.ts';
import type { ConfigPath, Problems } from '../../core/problems.ts';
import { compileMonitor, type MonitorSpec } from './monitors.ts';

/** A compiled overload manager. */
export interface OverloadSpec {
  readonly refreshMs: number;
  readonly monitors: readonly MonitorSpec[];
  readonly actions: readonly ActionSpec[];
  readonly timeoutFloors: TimeoutFloors;
  readonly minHeldPowerOfTwo: number;
  /** Infinity: there is no such monitor. */
  readonly maxDownstreamConnections: number;
  /** Undefined: `shrink_heap` is not configured. */
  readonly heapShrinkMs: number | undefined;
}

export interface ActionSpec {
  readonly action: OverloadAction;
  readonly triggers: readonly TriggerSpec[];
}

/** The state of an action grows from 0 at `from` to 1 at `to`; where both are the same it is wholly taken from there on. */
export interface TriggerSpec {
  readonly resource: string;
  readonly from: number;
  readonly to: number;
}

const ACTION_PREFIX = 'envoy.overload_actions.';
const ACTIONS: ReadonlySet<string> = new Set<OverloadAction>([
  'stop_accepting_requests',
  'disable_http_keepalive',
  'stop_accepting_connections',
  'reject_incoming_connections',
  'shrink_heap',
  'reduce_timeouts',
  // Envoy takes it too and closes nothing that speaks HTTP/1 or HTTP/2.
  'close_idle_http_connections',
  'reset_high_memory_stream',
]);
const DEFAULT_REFRESH_MS = 1000;
const DEFAULT_SHRINK_MS = 10_000;
const SHRINK_CONFIG = 'envoy.config.overload.v3.ShrinkHeapConfig';

/** Undefined: there is none. */
export function compileOverloadManager(message: ManagerMessage | undefined, at: ConfigPath, problems: Problems): OverloadSpec | undefined {
  if (message === undefined) return undefined;
  const monitors: MonitorSpec[] = [];
  message.resourceMonitors.forEach((monitor, index) => {
    const monitorAt = at.field('resource_monitors').index(index);
    if (monitors.some(({ name }) => name === monitor.name)) problems.error(monitorAt, `Duplicate resource monitor ${monitor.name}`);
    const spec = compileMonitor(monitor, monitorAt, problems);
    if (spec !== undefined) monitors.push(spec);
  });
  const resources = new Set(message.resourceMonitors.map(({ name }) => name));
  const actions: ActionSpec[] = [];
  let timeoutFloors: TimeoutFloors = {};
  let heapShrinkMs: number | undefined;
  message.actions.forEach((action, index) => {
    const actionAt = at.field('actions').index(index);
    const name = compileActionName(action, actionAt, problems);
    if (name === undefined) return;
    if (actions.some((other) => other.action === name)) problems.error(actionAt, `Duplicate overload action ${action.name}`);
    if (name === 'reset_high_memory_stream' && message.bufferFactoryConfig === undefined) problems.error(actionAt, `Overload action "${action.name}" requires buffer_factory_config.`);
    if (name === 'shrink_heap') heapShrinkMs = compileShrinkInterval(action, actionAt, problems);
    if (name === 'reduce_timeouts') timeoutFloors = compileFloors(action, actionAt, problems);
    actions.push({ action: name, triggers: compileTriggers(action, resources, actionAt, problems) });
  });
  return {
    refreshMs: durationMs(message.refreshInterval) ?? DEFAULT_REFRESH_MS,
    monitors,
    actions,
    timeoutFloors,
    minHeldPowerOfTwo: message.bufferFactoryConfig?.minimumAccountToTrackPowerOfTwo ?? noOverload.minHeldPowerOfTwo,
    heapShrinkMs,
    maxDownstreamConnections: Math.min(...monitors.map((monitor) => (monitor.kind === 'connections' ? monitor.limit : Infinity))),
  };
}

function compileActionName({ name }: ActionMessage, at: ConfigPath, problems: Problems): OverloadAction | undefined {
  const short = name.startsWith(ACTION_PREFIX) ? name.substring(ACTION_PREFIX.length) : '';
  if (ACTIONS.has(short)) return short as OverloadAction;
  problems.error(at.field('name'), `Unknown Overload Manager Action ${name}`);
  return undefined;
}

function compileShrinkInterval({ typedConfig }: ActionMessage, at: ConfigPath, problems: Problems): number {
  if (typedConfig === undefined) return DEFAULT_SHRINK_MS;
  if (configTypeOf(typedConfig) === SHRINK_CONFIG) return durationMs((unpack(typedConfig) as ShrinkHeapConfig).timerInterval) ?? DEFAULT_SHRINK_MS;
  problems.error(at.field('typed_config'), `not a ${SHRINK_CONFIG}`);
  return DEFAULT_SHRINK_MS;
}

function compileTriggers({ name, triggers }: ActionMessage, resources: ReadonlySet<string>, at: ConfigPath, problems: Problems): TriggerSpec[] {
  const specs: TriggerSpec[] = [];
  triggers.forEach((trigger, index) => {
    const triggerAt = at.field('triggers').index(index);
    if (!resources.has(trigger.name)) problems.error(triggerAt.field('name'), `Unknown trigger resource ${trigger.name} for overload action ${name}`);
    if (specs.some(({ resource }) => resource === trigger.name)) problems.error(triggerAt, `Duplicate trigger resource for overload action ${name}`);
    specs.push(compileTrigger(trigger, triggerAt, problems));
  });
  return specs;
}

function compileTrigger({ name, triggerOneof }: Trigger, at: ConfigPath, problems: Problems): TriggerSpec {
  if (triggerOneof.case !== 'scaled') {
    const value = triggerOneof.value?.value ?? 0;
    return { resource: name, from: value, to: value };
  }
  const { scalingThreshold: from, saturationThreshold: to } = triggerOneof.value;
  if (from >= to) problems.error(at.field('scaled'), 'scaling_threshold must be less than saturation_threshold');
  return { resource: name, from, to };
}

const SCALED_TIMEOUTS: Readonly<Record<number, ScaledTimeout>> = {
  [TimerType.HTTP_DOWNSTREAM_CONNECTION_IDLE]: 'connection-idle',
  [TimerType.HTTP_DOWNSTREAM_STREAM_IDLE]: 'stream-idle',
  [TimerType.HTTP_DOWNSTREAM_STREAM_FLUSH]: 'stream-flush',
  [TimerType.TRANSPORT_SOCKET_CONNECT]: 'transport-socket-connect',
  [TimerType.HTTP_DOWNSTREAM_CONNECTION_MAX]: 'connection-max',
};
const SCALE_CONFIG = 'envoy.config.overload.v3.ScaleTimersOverloadActionConfig';

function compileFloors({ name, typedConfig }: ActionMessage, at: ConfigPath, problems: Problems): TimeoutFloors {
  if (typedConfig === undefined || configTypeOf(typedConfig) !== SCALE_CONFIG) {
    problems.error(at, `Overload action "${name}" requires typed_config`);
    return {};
  }
  const { timerScaleFactors } = unpack(typedConfig) as ScaleTimersOverloadActionConfig;
  const floors: Partial<Record<ScaledTimeout, TimeoutFloor>> = {};
  timerScaleFactors.forEach(({ timer, overloadAdjust }, index) => {
    const timerAt = at.field('typed_config').field('timer_scale_factors').index(index);
    const timeout = SCALED_TIMEOUTS[timer];
    if (timeout === undefined) {
      problems.error(timerAt.field('timer'), 'not supported: a timer that is none of HTTP_DOWNSTREAM_CONNECTION_IDLE, HTTP_DOWNSTREAM_STREAM_IDLE, HTTP_DOWNSTREAM_STREAM_FLUSH, TRANSPORT_SOCKET_CONNECT, HTTP_DOWNSTREAM_CONNECTION_MAX');
      return;
    }
    if (floors[timeout] !== undefined) problems.error(timerAt, `Found duplicate entry for timer type ${Object.keys(TimerType)[timer]}`);
    floors[timeout] = overloadAdjust.case === 'minScale' ? { share: overloadAdjust.value.value / 100 } : { ms: durationMs(overloadAdjust.value) ?? 0 };
  });
  return floors;
}
