import type { Bootstrap } from '../api/generated/envoy/config/bootstrap/v3.ts';
import { ConfigPath, type Problems } from '../core/problems.ts';
import type { ServiceKey } from '../core/extension.ts';
import { type ClusterSpec } from '../cluster/cluster-spec.ts';
import { compileCluster } from '../cluster/compile.ts';
import { compileListener, type ListenerSpec } from '../listener/compile.ts';
import { CompileRun, type ThreadServices } from './compile-context.ts';

/** A bootstrap compiled in one thread. */
export interface Configuration {
  readonly clusters: readonly ClusterSpec[];
  readonly listeners: readonly ListenerSpec[];
}

/**
 * Compiles everything a bootstrap says; every problem goes to `problems`, and the result may only be used when there are none.
 * Pure: opens nothing.
 */
export function compileBootstrap(
  bootstrap: Bootstrap,
  problems: Problems,
  thread: ThreadServices,
  services: ReadonlyMap<ServiceKey<unknown>, unknown>,
): Configuration {
  const resources = bootstrap.staticResources;
  const at = ConfigPath.root.field('static_resources');
  const names = new Set(resources?.clusters.map((cluster) => cluster.name));
  const run = new CompileRun(thread, problems, names, services);
  const clusters: ClusterSpec[] = [];
  const seen = new Set<string>();
  resources?.clusters.forEach((message, index) => {
    const clusterAt = at.field('clusters').index(index);
    if (seen.has(message.name)) run.error(clusterAt.field('name'), `cluster manager: duplicate cluster '${message.name}'`);
    seen.add(message.name);
    const spec = compileCluster(message, clusterAt, run);
    if (spec !== undefined) clusters.push(spec);
  });
  const listeners: ListenerSpec[] = [];
  const listenerNames = new Set<string>();
  resources?.listeners.forEach((message, index) => {
    const listenerAt = at.field('listeners').index(index);
    const spec = compileListener(message, listenerAt, run);
    if (spec === undefined) return;
    if (listenerNames.has(spec.name)) run.error(listenerAt.field('name'), `duplicate listener '${spec.name}'`);
    listenerNames.add(spec.name);
    listeners.push(spec);
  });
  return { clusters, listeners };
}
