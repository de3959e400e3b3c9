import type { Clock } from '../../core/clock.ts';
import type { StatGroup } from '../../core/stats/stats.ts';
import type { Random } from '../../core/random.ts';
import type { TimerList } from '../../core/timers.ts';
import type { ClientCodec, ClientCodecOwner } from '../../http/codec/codec.ts';
import type { Protocol } from '../../http/stream-info.ts';
import type { DownstreamAddresses, UpstreamTransportSocket } from '../../transport/transport-socket.ts';
import type { PoolNames } from '../cluster-sockets.ts';
import type { Connection, ConnectOptions, Transport } from '../../transport/transport.ts';

/** What the pools of one cluster in one thread share. */
export interface PoolContext {
  readonly transport: Transport;
  readonly clock: Clock;
  /** `cluster.<name>`. */
  readonly stats: StatGroup;
  readonly protocol: PoolProtocol;
  /** Undefined: a plain socket. */
  readonly transportSocket: UpstreamTransportSocket | undefined;
  readonly names: PoolNames | undefined;
  /** Those that its connections are told to serve. Undefined: it serves all. */
  readonly downstream: DownstreamAddresses | undefined;
  /** The pool goes with its last connection. */
  readonly passing: boolean;
  /** `max_connection_pools` counts it: those of raw connections are beside it, as in Envoy. */
  readonly counted: boolean;
  /** Used towards addresses of its own family. */
  readonly localAddress: ConnectOptions['localAddress'];
  readonly tcpKeepAliveDelayMs: number | undefined;
  readonly connectTimeouts: TimerList;
  /** Undefined: idle connections stay. */
  readonly idleTimeouts: TimerList | undefined;
  /** Several: a connection takes any of them. Undefined: it lasts as long as it is good. */
  readonly connectionDurations: readonly TimerList[] | undefined;
  readonly random: Random;
  /** Infinity: no limit. */
  readonly maxRequestsPerConnection: number;
  /** Unique in the process. */
  nextConnectionId(): number;
}

/** What differs between HTTP versions. */
export interface PoolProtocol {
  /** What TLS may offer, the best first; empty: nothing. */
  readonly applicationProtocols: readonly string[];
  /** '' when there is none. */
  readonly name: Protocol | '';
  /** Streams that a connection is expected to carry at once while it is still being opened. */
  readonly expectedStreams: number;
  /** A connection that is opened for nobody any more is given up. Absent: it is kept for who comes next. */
  readonly closesExcess?: boolean;
  /** What a connection speaks on which TLS has agreed on this ('' = nothing): itself unless there is a choice. */
  agreed(applicationProtocol: string): PoolProtocol;
  /** Counts a connection that is being opened; where there is a choice, once it is known. */
  countConnection(stats: StatGroup): void;
  createCodec(connection: Connection, owner: ClientCodecOwner): ClientCodec;
}
