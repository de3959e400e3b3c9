import type { Any } from '@bufbuild/protobuf/wkt';

/**
 * Where resources come from: the bootstrap file, watched files, an xDS stream are all the same to those who use them. What a
 * resource means is not known here; `src/config/` decodes it and each room compiles its own.
 */

/** One resource as a source delivers it (envoy.service.discovery.v3.Resource). */
export interface SourcedResource {
  readonly name: string;
  /** As the source numbers it; '' where it does not. */
  readonly version: string;
  readonly resource: Any;
}

/** Told of what a subscription finds. Every call is answered: a source that speaks xDS turns the answer into ACK or NACK. */
export interface ResourceWatcher {
  /** What has changed since the last call. Returns the problems' text when the update is refused and the last good one stays. */
  onUpdate(changed: readonly SourcedResource[], removed: readonly string[]): Promise<string | undefined>;
  /** Nothing came within `initial_fetch_timeout`: whoever waits for the resource goes on without it. */
  onInitialTimeout(): void;
}

export interface Subscription {
  /** Empty: all there are. */
  update(names: readonly string[]): void;
  close(): void;
}

export interface ConfigSource {
  /** `typeUrl` names the resource type (`type.googleapis.com/envoy.config.cluster.v3.Cluster`). */
  subscribe(typeUrl: string, names: readonly string[], watcher: ResourceWatcher): Subscription;
}
