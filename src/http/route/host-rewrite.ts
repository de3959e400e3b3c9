import type { HeaderMap } from '../header-map.ts';

/** A new host for the upstream, from the request; undefined = the host stays. */
export interface HostRewrite {
  newHost(headers: HeaderMap): string | undefined;
}

export class LiteralHostRewrite implements HostRewrite {
  readonly #host: string;

  constructor(host: string) {
    this.#host = host;
  }

  newHost(): string {
    return this.#host;
  }
}
