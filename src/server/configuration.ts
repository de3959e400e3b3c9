import type { Cluster as ClusterMessage } from '../api/generated/envoy/config/cluster/v3.ts';
import type { Listener as ListenerMessage } from '../api/generated/envoy/config/listener/v3.ts';
import type { ClusterSpec } from '../cluster/cluster-spec.ts';
import { compileCluster } from '../cluster/compile.ts';
import type { CompileContext, ServiceKey } from '../core/extension.ts';
import { ConfigPath, type Problems } from '../core/problems.ts';
import { compileListener, type ListenerSpec } from '../listener/compile.ts';
import { type ClusterNames, CompileRun, type ThreadServices } from './compile-context.ts';

/**
 * Compiles what a bootstrap says. Pure: opens nothing. Every problem goes to `problems`; the result may only be used when there
 * are none. The main thread compiles all of it to judge it; each worker compiles again, to serve, the listeners that changed.
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

/** What is to be compiled, or has been. */
export type ListenerSource = { readonly message: ListenerMessage } | { readonly spec: ListenerSpec };

export function compileListeners(sources: readonly ListenerSource[], problems: Problems, surroundings: ListenerSurroundings): ListenerSpec[] {
  const run = new CompileRun(surroundings.thread, problems, surroundings.clusters, surroundings.services);
  const specs: ListenerSpec[] = [];
  const seen = new Set<string>();
  /** Whose each address is. */
  const taken = new Map<string, string>();
  sources.forEach((source, index) => {
    const at = STATIC.field('listeners').index(index);
    const spec = 'spec' in source ? source.spec : compileListener(source.message, index, at, run);
    if (spec === undefined) return;
    if (seen.has(spec.name)) run.error(at.field('name'), `duplicate listener '${spec.name}'`);
    else takeAddresses(spec, taken, at, run);
    seen.add(spec.name);
    specs.push(spec);
  });
  return specs;
}

/** Two that share an address would each get a part of its connections. Every port 0 is another one. */
function takeAddresses({ name, binds, bindToPort }: ListenerSpec, taken: Map<string, string>, at: ConfigPath, context: CompileContext): void {
  for (const [index, { address }] of binds.entries()) {
    const holder = taken.get(address.text);
    if (holder === undefined) continue;
    const addressAt = index === 0 ? at : at.field('additional_addresses').index(index - 1);
    context.error(addressAt.field('address'), `error adding listener: '${name}' has duplicate address '${address.text}' as existing listener '${holder}'`);
  }
  for (const { address } of binds) if (address.kind === 'pipe' || address.port !== 0 || !bindToPort) taken.set(address.text, name);
}
