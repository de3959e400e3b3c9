import type { StatGroup } from '../core/stats/stats.ts';
import type { ClusterLookup } from '../http/upstream.ts';
import { type ClusterServices, UpstreamCluster } from './cluster.ts';
import { THREAD_CLUSTER_STATS } from './cluster-stats.ts';
import type { Assignment, ClusterSpec, HostSetUpdate } from './cluster-spec.ts';

export interface ClusterManagerOptions extends ClusterServices {
  /** As statistics name it: `worker_0`, `main_thread`. */
  readonly threadName: string;
}

/**
 * The clusters of one thread. A configuration comes as specs, hosts of discovered clusters as updates from the main thread.
 *
 * A cluster whose spec did not change stays with its pools, cursors and statistics. A new or changed one that is discovered serves from its
 * first update on; until then what had its name goes on serving.
 */
export class ClusterManager implements ClusterLookup {
  readonly #options: ClusterManagerOptions;
  readonly #stats: StatGroup;
  readonly #serving = new Map<string, UpstreamCluster>();
  /** Specs that wait for their first hosts. */
  readonly #warming = new Map<string, ClusterSpec>();

  constructor(options: ClusterManagerOptions) {
    this.#options = options;
    this.#stats = options.stats.group(`thread_local_cluster_manager.${options.threadName}`, THREAD_CLUSTER_STATS);
  }

  get(name: string): UpstreamCluster | undefined {
    return this.#serving.get(name);
  }

  /** Replaces the configuration as a whole. Names are unique. */
  update(specs: readonly ClusterSpec[]): void {
    const named = new Set<string>();
    for (const spec of specs) {
      named.add(spec.name);
      this.#take(spec);
    }
    for (const name of this.#warming.keys()) if (!named.has(name)) this.#warming.delete(name);
    for (const [name, cluster] of this.#serving) {
      if (named.has(name)) continue;
      this.#serving.delete(name);
      cluster.retire(undefined);
    }
    this.#count();
  }

  /** What discovery found; dropped when it was made for another version of the cluster. */
  updateHosts({ cluster: name, hash, assignment }: HostSetUpdate): void {
    const serving = this.#serving.get(name);
    if (serving?.spec.hash === hash) {
      serving.updateHosts(assignment);
      return;
    }
    const warming = this.#warming.get(name);
    if (warming?.hash !== hash) return;
    this.#serve(warming, assignment);
    this.#count();
  }

  /** Drains everything: running streams finish. */
  close(): void {
    this.update([]);
    this.#options.stats.release(this.#stats);
  }

  #take(spec: ClusterSpec): void {
    if (this.#serving.get(spec.name)?.spec.hash === spec.hash) this.#warming.delete(spec.name);
    else if (spec.discovery.kind === 'static') this.#serve(spec, spec.discovery.assignment);
    else this.#warming.set(spec.name, spec);
  }

  #serve(spec: ClusterSpec, assignment: Assignment): void {
    const before = this.#serving.get(spec.name);
    const cluster = new UpstreamCluster(spec, this.#options, assignment);
    this.#warming.delete(spec.name);
    this.#serving.set(spec.name, cluster);
    before?.retire(cluster);
  }

  #count(): void {
    this.#stats.gaugeSet(THREAD_CLUSTER_STATS.clusters_inflated, this.#serving.size);
  }
}
