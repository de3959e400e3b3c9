import { fs } from '../../core/node-modules.ts';
import type { ResourceMonitor as MonitorMessage } from '../../api/generated/envoy/config/overload/v3.ts';
import type { CgroupMemoryConfig } from '../../api/generated/envoy/extensions/resource_monitors/cgroup_memory/v3.ts';
import { type CpuUtilizationConfig, CpuUtilizationConfig_UtilizationComputeStrategy as CpuMode } from '../../api/generated/envoy/extensions/resource_monitors/cpu_utilization/v3.ts';
import type { DownstreamConnectionsConfig } from '../../api/generated/envoy/extensions/resource_monitors/downstream_connections/v3.ts';
import type { FixedHeapConfig } from '../../api/generated/envoy/extensions/resource_monitors/fixed_heap/v3.ts';
import type { InjectedResourceConfig } from '../../api/generated/envoy/extensions/resource_monitors/injected_resource/v3.ts';
import { configTypeOf, unpack } from '../../config/open-any.ts';
import type { Clock } from '../../core/clock.ts';
import { CONNECTIONS_MONITOR } from '../../core/overload.ts';
import type { ConfigPath, Problems } from '../../core/problems.ts';
import { type CpuScope, CpuUtilization } from './cpu-utilization.ts';

/** A compiled resource monitor. */
export type MonitorSpec =
  | { readonly name: string; readonly kind: 'heap' | 'cgroup'; readonly limit: number }
  | { readonly name: string; readonly kind: 'injected'; readonly path: string }
  | { readonly name: string; readonly kind: 'cpu'; readonly scope: CpuScope }
  /** Not read: listeners hold the limit themselves. */
  | { readonly name: string; readonly kind: 'connections'; readonly limit: number };

const PACKAGE = 'envoy.extensions.resource_monitors';

/** Undefined after reporting what is wrong. */
export function compileMonitor({ name, configType }: MonitorMessage, at: ConfigPath, problems: Problems): MonitorSpec | undefined {
  const any = configType.case === 'typedConfig' ? configType.value : undefined;
  const type = any === undefined ? '' : configTypeOf(any);
  const config = any === undefined ? undefined : unpack(any);
  switch (type) {
    case `${PACKAGE}.fixed_heap.v3.FixedHeapConfig`:
      if ((config as FixedHeapConfig).maxHeapSizeBytes === 0n) problems.error(at.field('typed_config').field('max_heap_size_bytes'), 'fixed_heap: max heap size must be greater than 0');
      return { name, kind: 'heap', limit: Number((config as FixedHeapConfig).maxHeapSizeBytes) };
    case `${PACKAGE}.cgroup_memory.v3.CgroupMemoryConfig`:
      return { name, kind: 'cgroup', limit: Number((config as CgroupMemoryConfig).maxMemoryBytes) || Infinity };
    case `${PACKAGE}.injected_resource.v3.InjectedResourceConfig`:
      return { name, kind: 'injected', path: (config as InjectedResourceConfig).filename };
    case `${PACKAGE}.downstream_connections.v3.DownstreamConnectionsConfig`:
      // It is found by its name, for listeners ask for it.
      if (name !== CONNECTIONS_MONITOR) break;
      return { name, kind: 'connections', limit: Number((config as DownstreamConnectionsConfig).maxActiveDownstreamConnections) };
    case `${PACKAGE}.cpu_utilization.v3.CpuUtilizationConfig`:
      return { name, kind: 'cpu', scope: (config as CpuUtilizationConfig).mode === CpuMode.CONTAINER ? 'container' : 'host' };
  }
  problems.error(at, `Didn't find a registered implementation for '${name}' with type URL: '${type}'`);
  return undefined;
}

/** Tells the pressure now: 1 is all there is. Throws when it cannot be found out. */
export type ReadPressure = () => number;

export function pressureReader(spec: MonitorSpec, clock: Clock): ReadPressure {
  switch (spec.kind) {
    case 'heap':
      return () => process.memoryUsage.rss() / spec.limit;
    case 'cgroup':
      return () => cgroupBytes('current', 'usage_in_bytes') / Math.min(spec.limit, cgroupBytes('max', 'limit_in_bytes'));
    case 'injected':
      return () => injectedPressure(fs.readFileSync(spec.path, 'utf8'));
    case 'cpu': {
      const cpu = new CpuUtilization(spec.scope, clock);
      return () => cpu.pressure();
    }
    case 'connections':
      return () => 0;
  }
}

function injectedPressure(text: string): number {
  const pressure = Number(text.trim());
  if (text.trim() === '' || !(pressure >= 0 && pressure <= 1)) throw new Error(`no pressure from 0 to 1: ${text.trim()}`);
  return pressure;
}

/** Of cgroup v2, else of v1. */
function cgroupBytes(version2: string, version1: string): number {
  let text: string;
  try {
    text = fs.readFileSync(`/sys/fs/cgroup/memory.${version2}`, 'utf8');
  } catch {
    text = fs.readFileSync(`/sys/fs/cgroup/memory/memory.${version1}`, 'utf8');
  }
  return text.trim() === 'max' ? Infinity : Number(text);
}
