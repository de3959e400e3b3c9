import type { ClientCodec, ClientCodecOwner } from '../../http/codec/codec.ts';
import { RawClientCodec } from '../../http/codec/raw-client.ts';
import type { Connection } from '../../transport/transport.ts';
import type { PoolProtocol } from './pool-context.ts';

/** Bytes as they are: a connection carries one stream and ends with it. */
export class TcpPoolProtocol implements PoolProtocol {
  readonly name = '';
  readonly applicationProtocols: readonly string[] = [];
  readonly expectedStreams = 1;
  readonly closesExcess = true;
  readonly #highWatermarkBytes: number;

  constructor(highWatermarkBytes: number) {
    this.#highWatermarkBytes = highWatermarkBytes;
  }

  agreed(): this {
    return this;
  }

  countConnection(): void {}

  createCodec(connection: Connection, owner: ClientCodecOwner): ClientCodec {
    const codec = new RawClientCodec(connection, owner, this.#highWatermarkBytes);
    connection.owner = codec;
    return codec;
  }
}
