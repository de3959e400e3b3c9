import { serviceKey } from '../core/extension.ts';

/** What a transport socket's compile step may know of its cluster. */
export interface ClusterFacts {
  /** `cluster.<name>` */
  readonly statScope: string;
}

export const CLUSTER = serviceKey<ClusterFacts>('cluster');
