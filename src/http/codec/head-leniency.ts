import type { Runtime } from '../../core/runtime.ts';
import type { HeadLeniency } from './h1-head.ts';

/**
 * Runtime flag: folded lines, several Host lines and a CR inside a value pass as they do in Envoy, in requests and responses. Looked at when a
 * connection begins; false unless a layer says otherwise.
 */
export const LENIENT_HEADS_KEY = 'nuncio.http1.lenient_heads';

const LENIENT: HeadLeniency = { foldedLines: true, severalHosts: true, bareCarriageReturn: true, chunkedLength: false };

/** The options of a codec for both states of the flag. */
export class LeniencyChoice<Options extends { readonly leniency: HeadLeniency }> {
  readonly #runtime: Runtime;
  readonly #strict: Options;
  readonly #lenient: Options;

  constructor(runtime: Runtime, strict: Options) {
    this.#runtime = runtime;
    this.#strict = strict;
    this.#lenient = { ...strict, leniency: { ...LENIENT, chunkedLength: strict.leniency.chunkedLength } };
  }

  /** For a connection that begins now. */
  get current(): Options {
    return this.#runtime.version !== 0 && this.#runtime.feature(LENIENT_HEADS_KEY, false) ? this.#lenient : this.#strict;
  }
}
