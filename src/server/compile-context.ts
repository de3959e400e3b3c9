import type { Message } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { configTypeOf, contentOf } from '../config/open-any.ts';
import type { Clock } from '../core/clock.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import type { AnyMessage, Category, CompileContext, Extension, NodeInfo, ResolvedExtension, ServiceKey } from '../core/extension.ts';
import type { Logger } from '../core/log.ts';
import type { ConfigPath, Problems } from '../core/problems.ts';
import type { Random } from '../core/random.ts';
import type { Runtime } from '../core/runtime.ts';
import type { StatStore } from '../core/stats/stats.ts';
import type { Timers } from '../core/timers.ts';
import type { ExtensionRegistry } from './extension-registry.ts';

/** What a thread offers to everything it compiles. */
export interface ThreadServices extends Pick<CompileContext, 'stats' | 'clock' | 'timers' | 'random' | 'runtime' | 'log' | 'node' | 'serving'> {
  readonly registry: ExtensionRegistry;
}

/** Names of the clusters that a configuration has or needs. */
export interface ClusterNames {
  has(name: string): boolean;
  /** To tell which one was meant. */
  keys?(): Iterable<string>;
}

/** One compile run: collects problems and hands out what extensions ask for. */
export class CompileRun implements CompileContext {
  readonly stats: StatStore;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly runtime: Runtime;
  readonly log: Logger;
  readonly node: NodeInfo;
  readonly serving: boolean;
  readonly #thread: ThreadServices;
  readonly #problems: Problems;
  readonly #clusters: ClusterNames;
  readonly #services: ReadonlyMap<ServiceKey<unknown>, unknown>;

  constructor(thread: ThreadServices, problems: Problems, clusters: ClusterNames, services: ReadonlyMap<ServiceKey<unknown>, unknown>) {
    this.stats = thread.stats;
    this.clock = thread.clock;
    this.timers = thread.timers;
    this.random = thread.random;
    this.runtime = thread.runtime;
    this.log = thread.log;
    this.node = thread.node;
    this.serving = thread.serving;
    this.#thread = thread;
    this.#problems = problems;
    this.#clusters = clusters;
    this.#services = services;
  }

  error(at: ConfigPath, message: string): void {
    this.#problems.error(at, message);
  }

  warning(at: ConfigPath, message: string): void {
    this.#problems.warning(at, message);
  }

  resolve(category: Category, name: string, typedConfig: AnyMessage | undefined, at: ConfigPath, optional: boolean): ResolvedExtension | undefined {
    const { registry } = this.#thread;
    if (typedConfig === undefined || typedConfig.typeUrl === '') {
      const byName = registry.findByName(category, name);
      if (byName !== undefined) this.error(at, `'${name}' needs a typed_config of type ${byName.configType}`);
      else if (!optional) this.error(at, unknownExtension(name, '') + this.#meantExtension(category, name));
      return undefined;
    }
    const any = typedConfig as Any;
    const typeName = configTypeOf(any);
    const resolved = withContent(registry.find(category, typeName, name), any);
    if (resolved === undefined && !optional) this.error(at.field('typed_config'), unknownExtension(name, typeName) + this.#meantExtension(category, name, any));
    return resolved;
  }

  resolveRouteConfig(category: Category, name: string, config: AnyMessage, at: ConfigPath, optional: boolean): ResolvedExtension | undefined {
    const any = config as Any;
    const typeName = configTypeOf(any);
    const resolved = withContent(this.#thread.registry.findForRoute(category, typeName, name), any);
    if (resolved === undefined && !optional) this.error(at, unknownExtension(name, typeName) + this.#meantExtension(category, name, any));
    return resolved;
  }

  /** What stands here under that name, where else this type stands, or what has a name like it. */
  #meantExtension(category: Category, name: string, any?: Any): string {
    const { registry } = this.#thread;
    const named = registry.findByName(category, name);
    if (named !== undefined) return `; '${name}' is configured by a ${named.configType}`;
    const elsewhere = any && registry.all.find(({ configType }) => configType === configTypeOf(any));
    if (elsewhere !== undefined) return `; it is one of ${elsewhere.category}, which do not stand here`;
    if (any !== undefined && contentOf(any) !== undefined) return '; it is known, and not supported';
    return didYouMean(name, registry.all.filter((one) => one.category === category).map((one) => one.name));
  }

  unpack(typedConfig: AnyMessage, at: ConfigPath): { readonly typeName: string; readonly message: Message } | undefined {
    const content = contentOf(typedConfig as Any);
    if (content === undefined) this.error(at, `Unable to unpack ${typedConfig.typeUrl}: no such type`);
    return content;
  }

  needsCluster(name: string, at: ConfigPath, mustExist: boolean): void {
    if (mustExist && !this.#clusters.has(name)) this.error(at, `unknown cluster '${name}'${didYouMean(name, this.#clusters.keys?.() ?? [])}`);
  }

  service<T>(key: ServiceKey<T>): T {
    const service = this.#services.get(key) ?? key.otherwise;
    if (service === undefined) throw new Error(`no service '${key.name}' here`);
    return service as T;
  }

  with<T>(key: ServiceKey<T>, value: T): CompileContext {
    return new CompileRun(this.#thread, this.#problems, this.#clusters, new Map([...this.#services, [key, value]]));
  }

  withStats(stats: StatStore): CompileContext {
    return new CompileRun({ ...this.#thread, stats }, this.#problems, this.#clusters, this.#services);
  }
}

function withContent(extension: Extension<never, unknown> | undefined, any: Any): ResolvedExtension | undefined {
  const content = contentOf(any);
  return extension && content && { extension, config: content.message as never };
}

/** Envoy's sentence. */
function unknownExtension(name: string, typeName: string): string {
  return `Didn't find a registered implementation for '${name}' with type URL: '${typeName}'`;
}
