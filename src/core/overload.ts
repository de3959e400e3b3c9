import { serviceKey } from './extension.ts';

/**
 * What a process that runs short of something does without, as `envoy.config.overload.v3.OverloadManager` configures it. The main thread watches the
 * resources; each thread holds the actions' states.
 */

/** Envoy's names without `envoy.overload_actions.`. */
export type OverloadAction = 'stop_accepting_requests' | 'disable_http_keepalive' | 'stop_accepting_connections' | 'reject_incoming_connections';

/** How far an action is taken: 0 not at all, 1 wholly, between them with that chance. Actions that are not there are not taken. */
export type OverloadStates = Readonly<Partial<Record<OverloadAction, number>>>;

/** Read at use time. */
export interface Overload {
  readonly states: OverloadStates;
  /** How many downstream connections the process may have (`envoy.resource_monitors.global_downstream_max_connections`). */
  readonly maxDownstreamConnections: number;
}

export const OVERLOAD = serviceKey<Overload>('overload');

const NO_STATES: OverloadStates = {};

export const noOverload: Overload = { states: NO_STATES, maxDownstreamConnections: Infinity };

/** The state of a thread. */
export class ThreadOverload implements Overload {
  states: OverloadStates = NO_STATES;
  maxDownstreamConnections = Infinity;

  replace({ states, maxDownstreamConnections }: Overload): void {
    this.states = states;
    this.maxDownstreamConnections = maxDownstreamConnections;
  }
}
