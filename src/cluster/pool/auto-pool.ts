import type { ClientCodec } from '../../http/codec/codec.ts';
import type { PoolProtocol } from './pool-context.ts';

/** Both versions of HTTP that the choice is between. */
export interface ProtocolChoice {
  readonly http1: PoolProtocol;
  readonly http2: PoolProtocol;
}

/** HTTP/2 where the peer agrees to it in the TLS handshake (ALPN), else HTTP/1. */
export class AutoPoolProtocol implements PoolProtocol {
  readonly name = '';
  readonly applicationProtocols: readonly string[] = ['h2', 'http/1.1'];
  /** As of HTTP/2: where it turns out to be less, more connections are opened. */
  readonly expectedStreams: number;
  readonly #choice: ProtocolChoice;

  constructor(choice: ProtocolChoice, expectedStreams: number) {
    this.#choice = choice;
    this.expectedStreams = expectedStreams;
  }

  agreed(applicationProtocol: string): PoolProtocol {
    return applicationProtocol === 'h2' ? this.#choice.http2 : this.#choice.http1;
  }

  countConnection(): void {}

  createCodec(): ClientCodec {
    throw new Error('a connection speaks what was agreed on');
  }
}
