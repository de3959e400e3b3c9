import type { ClusterSpec, HostSetUpdate } from '../cluster/cluster-spec.ts';
import type { ClustersMessage } from './messages.ts';

/** What of the clusters a worker does not have yet: to read ten thousand again takes a tenth of a second, in which it serves nobody. */
export interface ClusterChanges {
  /** All, in their order. */
  readonly names: readonly string[];
  readonly changed: readonly ClusterSpec[];
  /** Of those that changed; of the others it has heard. */
  readonly hosts: readonly HostSetUpdate[];
}

/** In the main thread: what one worker has been sent. */
export class SentClusters {
  #hashes: ReadonlyMap<string, string> = new Map();

  changes({ clusters, hosts }: ClustersMessage): ClusterChanges {
    const before = this.#hashes;
    this.#hashes = new Map(clusters.map(({ name, hash }) => [name, hash]));
    const changed = clusters.filter(({ name, hash }) => before.get(name) !== hash);
    const named = new Set(changed.map(({ name }) => name));
    return { names: clusters.map(({ name }) => name), changed, hosts: hosts.filter(({ cluster }) => named.has(cluster)) };
  }

  /** It has not heard the last ones. */
  forget(): void {
    this.#hashes = new Map();
  }
}

/** In the worker. */
export class ReceivedClusters {
  #specs: ReadonlyMap<string, ClusterSpec> = new Map();

  apply({ names, changed, hosts }: ClusterChanges): ClustersMessage {
    const known = new Map([...this.#specs, ...changed.map((spec) => [spec.name, spec] as const)]);
    const clusters = names.map((name) => known.get(name)!);
    this.#specs = new Map(clusters.map((spec) => [spec.name, spec]));
    return { clusters, hosts };
  }
}
