import type { Cluster as ClusterMessage } from '../api/generated/envoy/config/cluster/v3.ts';
import type { Listener as ListenerMessage } from '../api/generated/envoy/config/listener/v3.ts';
import type { ClusterSpec } from '../cluster/cluster-spec.ts';
import { compileCluster } from '../cluster/compile.ts';
import type { ServiceKey } from '../core/extension.ts';
import { ConfigPath, type Problems } from '../core/problems.ts';
import { compileListener, type ListenerSpec } from '../listener/compile.ts';
import { type ClusterNames, CompileRun, type ThreadServices } from './compile-context.ts';

/**
 * Compiles what a bootstrap says. Pure: opens nothing. Every problem goes to `problems`; the result may only be used when there
 * are none. The main thread compiles all of it to judge it; each worker compiles the listeners again, to serve.
 */

type Services = ReadonlyMap<ServiceKey<unknown>, unknown>;

const STATIC = ConfigPath.root.field('static_resources');

export function compileClusters(messages: readonly ClusterMessage[], problems: Problems, thread: ThreadServices, services: Services): ClusterSpec[] {
  const run = new CompileRun(thread, problems, new Set(messages.map((message) => message.name)), services);
  const specs: ClusterSpec[] = [];
  const seen = new Set<string>();
  messages.forEach((message, index) => {
    const at = STATIC.field('clusters').index(index);
    if (seen.has(message.name)) run.error(at.field('name'), `cluster manager: duplicate cluster '${message.name}'`);
    seen.add(message.name);
    const spec = compileCluster(message, at, run);
    if (spec !== undefined) specs.push(spec);
  });
  return specs;
}

/** What listeners are compiled with. */
export interface ListenerSurroundings {
  readonly thread: ThreadServices;
  readonly clusters: ClusterNames;
  readonly services: Services;
}

export function compileListeners(messages: readonly ListenerMessage[], problems: Problems, surroundings: ListenerSurroundings): ListenerSpec[] {
  const run = new CompileRun(surroundings.thread, problems, surroundings.clusters, surroundings.services);
  const specs: ListenerSpec[] = [];
  const seen = new Set<string>();
  messages.forEach((message, index) => {
    const at = STATIC.field('listeners').index(index);
    const spec = compileListener(message, index, at, run);
    if (spec === undefined) return;
    if (seen.has(spec.name)) run.error(at.field('name'), `duplicate listener '${spec.name}'`);
    seen.add(spec.name);
    specs.push(spec);
  });
  return specs;
}
