import type { StatGroup } from '../../core/stats/stats.ts';
import type { ClientCodec, ClientCodecOwner } from '../../http/codec/codec.ts';
import { H2ClientCodec } from '../../http/codec/h2/h2-client.ts';
import type { H2Options } from '../../http/codec/h2/h2-options.ts';
import { H2_CODEC_STATS } from '../../http/codec/h2/h2-stats.ts';
import type { Connection } from '../../transport/transport.ts';
import { CLUSTER_STATS } from '../cluster-stats.ts';
import type { PoolProtocol } from './pool-context.ts';

/** HTTP/2: a connection carries as many streams as both sides allow. */
export class H2PoolProtocol implements PoolProtocol {
  readonly name = 'HTTP/2';
  readonly applicationProtocols: readonly string[] = ['h2'];
  readonly expectedStreams: number;
  readonly #options: H2Options;

  constructor(options: H2Options) {
    this.#options = options;
    this.expectedStreams = options.maxConcurrentStreams;
  }

  agreed(): this {
    return this;
  }

  countConnection(stats: StatGroup): void {
    stats.inc(CLUSTER_STATS.upstream_cx_http2_total);
    this.#options.stats.inc(H2_CODEC_STATS.nghttp2_upstream_connections);
  }

  createCodec(connection: Connection, owner: ClientCodecOwner): ClientCodec {
    const codec = new H2ClientCodec(connection, owner, this.#options);
    connection.owner = codec;
    return codec;
  }
}
