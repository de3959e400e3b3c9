import type { StatGroup } from '../../core/stats/stats.ts';
import type { ClientCodec, ClientCodecOwner } from '../../http/codec/codec.ts';
import { H1ClientCodec, type H1ClientOptions } from '../../http/codec/h1-client.ts';
import type { LeniencyChoice } from '../../http/codec/head-leniency.ts';
import type { Connection } from '../../transport/transport.ts';
import { CLUSTER_STATS } from '../cluster-stats.ts';
import type { PoolProtocol } from './pool-context.ts';

/** HTTP/1: a connection carries one stream at a time. */
export class H1PoolProtocol implements PoolProtocol {
  readonly name = 'HTTP/1.1';
  readonly applicationProtocols: readonly string[] = ['http/1.1'];
  readonly expectedStreams = 1;
  readonly #options: LeniencyChoice<H1ClientOptions>;

  constructor(options: LeniencyChoice<H1ClientOptions>) {
    this.#options = options;
  }

  agreed(): this {
    return this;
  }

  countConnection(stats: StatGroup): void {
    stats.inc(CLUSTER_STATS.upstream_cx_http1_total);
  }

  createCodec(connection: Connection, owner: ClientCodecOwner): ClientCodec {
    const codec = new H1ClientCodec(connection, owner, this.#options.current);
    connection.owner = codec;
    return codec;
  }
}
