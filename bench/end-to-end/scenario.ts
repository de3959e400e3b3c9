import type { Command } from './command.ts';
import type { Cores } from './cores.ts';
import type { LoadTool } from './load/saturating.ts';
import type { Figures, Metric } from './metric.ts';
import type { Peer, PeerName } from './peers/peer.ts';
import type { PlanShape, ProxyPlan } from './plan.ts';
import type { ServerProcess } from './processes.ts';

/** What a request asks for in a variant of a scenario. */
export interface Target {
  readonly host: string;
  readonly path: string;
  /** Over TLS. */
  readonly secure?: boolean;
}

export interface Variant {
  /** '' where there is only one. */
  readonly name: string;
  readonly shape: PlanShape;
  readonly target: Target;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly peers: readonly PeerName[];
  readonly variants: readonly Variant[];
  readonly columns: readonly Metric[];
  /** Figures that get a column of their own for the ratio to nginx and to Envoy. */
  readonly ratioOf: readonly Metric[];
  /** `small`: whatever is fastest for 1 KiB. `large`: bodies of any size, both ways. `grpc`: over HTTP/2, with trailers. */
  readonly origin: 'small' | 'large' | 'grpc';
  /** `long`: one process for all rounds, suspended between its turns. `fresh`: a new process for each turn. */
  readonly life: 'long' | 'fresh';
  /** At most so many rounds, where one takes long. */
  readonly maxRounds?: number;
  readonly readyWithinMs: number;
  /** What generates the load where it is not the load generator that was chosen. */
  readonly ownLoad?: string;
  /** The cost of a variant over the one named `base` becomes the figure `addedUs` of the former. */
  readonly comparesWithBase?: boolean;
  /** Instead of the peer's own rendering of the plan. */
  readonly prepare?: (peer: Peer, plan: ProxyPlan, directory: string) => Promise<Command>;
  /** Before the first round; absent: the chosen load generator's. */
  readonly warmUp?: (turn: Turn) => Promise<Measured>;
  readonly measure: (turn: Turn) => Promise<Measured>;
}

export interface RunningProxy {
  readonly peer: Peer;
  readonly plan: ProxyPlan;
  readonly server: ServerProcess;
  readonly target: Target;
  /** From its start to the first 200. */
  readonly readyMs: number;
}

export interface LoadSettings {
  readonly cores: Cores | string;
  readonly tool: LoadTool;
  /** Of one turn's load. */
  readonly seconds: number;
  /** For files of the load generators. */
  readonly directory: string;
}

export interface Turn extends LoadSettings {
  readonly proxy: RunningProxy;
}

export interface Measured {
  readonly figures: Figures;
  /** Requests or transfers that failed. */
  readonly errors: number;
}

export function proxyCore(cores: Cores | string): number | undefined {
  return typeof cores === 'string' ? undefined : cores.proxy;
}

export function loadCore(cores: Cores | string): number | undefined {
  return typeof cores === 'string' ? undefined : cores.load;
}
