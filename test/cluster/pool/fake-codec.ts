import type { StatGroup } from '../../../src/core/stats/stats.ts';
import type { ClientCodec, ClientCodecOwner, RequestEncoder, ResponseDecoder } from '../../../src/http/codec/codec.ts';
import type { Failure } from '../../../src/http/failure.ts';
import { CLUSTER_STATS } from '../../../src/cluster/cluster-stats.ts';
import type { PoolProtocol } from '../../../src/cluster/pool/pool-context.ts';
import type { Connection } from '../../../src/transport/transport.ts';

const ENCODER = { watcher: undefined } as RequestEncoder;

/** A codec of a protocol that carries several streams at once; the test ends them. */
export class FakeCodec implements ClientCodec {
  readonly decoders: ResponseDecoder[] = [];
  goingAway = false;
  closedWith: Failure | undefined;
  readonly #connection: Connection;
  readonly #owner: ClientCodecOwner;
  #maxStreams: number;

  constructor(connection: Connection, owner: ClientCodecOwner, maxStreams: number) {
    this.#connection = connection;
    this.#owner = owner;
    this.#maxStreams = maxStreams;
  }

  get canTakeStream(): boolean {
    return !this.goingAway && this.decoders.length < this.#maxStreams;
  }

  get activeStreams(): number {
    return this.decoders.length;
  }

  newStream(decoder: ResponseDecoder): RequestEncoder {
    this.decoders.push(decoder);
    return ENCODER;
  }

  close(failure: Failure): void {
    this.closedWith = failure;
    this.#connection.destroy();
  }

  // The test's end.

  /** The peer lets it have so many. */
  limit(maxStreams: number): void {
    this.#maxStreams = maxStreams;
    this.#owner.onCapacityChange(this);
  }

  /** GOAWAY. */
  leave(): void {
    this.goingAway = true;
    this.#owner.onCloseAnnounced(this);
    this.#owner.onCapacityChange(this);
  }

  endStream(): void {
    this.decoders.shift();
    this.#owner.onStreamEnd(this);
    if (!this.goingAway || this.decoders.length > 0) return;
    this.#connection.destroy();
    this.#owner.onCodecClosed(this, undefined);
  }

  lose(failure: Failure): void {
    for (const decoder of this.decoders.splice(0)) decoder.onReset(failure);
    this.#owner.onCodecClosed(this, failure);
  }
}

/** `expectedStreams` at once, as each connection turns out to allow. */
export class FakeProtocol implements PoolProtocol {
  readonly name = 'HTTP/2';
  readonly applicationProtocols = [];
  readonly expectedStreams: number;
  readonly codecs: FakeCodec[] = [];

  constructor(expectedStreams: number) {
    this.expectedStreams = expectedStreams;
  }

  agreed(): this {
    return this;
  }

  countConnection(stats: StatGroup): void {
    stats.inc(CLUSTER_STATS.upstream_cx_http2_total);
  }

  createCodec(connection: Connection, owner: ClientCodecOwner): ClientCodec {
    const codec = new FakeCodec(connection, owner, this.expectedStreams);
    this.codecs.push(codec);
    return codec;
  }
}
