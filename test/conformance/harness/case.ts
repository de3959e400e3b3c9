/** A conformance case as the harness plays it: everything a case file says, defaults filled in. See `../README.md`. */

import type { TlsScript } from './tls.ts';

/** What a client does, in order. `on` names the client's connection; it opens when first used. */
export type ClientStep =
  | { readonly do: 'connect'; readonly on: string; readonly to: string; readonly tls?: TlsScript }
  | { readonly do: 'send'; readonly on: string; readonly to: string; readonly text: string; readonly method: string | undefined }
  | { readonly do: 'await-response' | 'await-interim' | 'await-close'; readonly on: string }
  | { readonly do: 'await-stream'; readonly on: string; readonly id: number }
  | { readonly do: 'await-text'; readonly on: string; readonly text: string }
  | { readonly do: 'await-upstream'; readonly upstream: string }
  /** Until it is at least this. */
  | { readonly do: 'await-stat'; readonly stat: string; readonly value: number }
  /** One of the case's files takes the place of another, at once. */
  | { readonly do: 'replace'; readonly file: string; readonly with: string }
  | { readonly do: 'pause'; readonly ms: number }
  | { readonly do: 'signal'; readonly name: string }
  | { readonly do: 'half-close' | 'close' | 'reset'; readonly on: string }
  | { readonly do: 'admin'; readonly method: string; readonly path: string; readonly body: string };

/** What an upstream does for one request. */
export type UpstreamStep =
  | { readonly do: 'send'; readonly text: string }
  /** Frames, in which stream 1 stands for the request's. */
  | { readonly do: 'send-frames'; readonly frames: unknown }
  | { readonly do: 'pause'; readonly ms: number }
  /** Waits for the client's `signal`. */
  | { readonly do: 'wait'; readonly name: string }
  | { readonly do: 'await-request' }
  /** Until the connection has received this. */
  | { readonly do: 'await-text'; readonly text: string }
  | { readonly do: 'half-close' | 'close' | 'reset' };

export interface UpstreamScript {
  /** When a reply starts: the whole request is here, its head is here, or the connection is. */
  readonly when: 'request' | 'head' | 'connect';
  /** One for each request, over all connections; the last one repeats. */
  readonly replies: readonly (readonly UpstreamStep[])[];
  /** Nothing listens: connections are refused. */
  readonly refuses: boolean;
  readonly tls?: TlsScript;
  readonly http2?: Http2Script;
}

/** How an upstream speaks HTTP/2. */
export interface Http2Script {
  /** By identifier. */
  readonly settings: Readonly<Record<string, number>>;
  readonly answersPings: boolean;
}

/** A named replacement that only some cases need. */
export interface Mask {
  readonly name: string;
  readonly match: RegExp;
  readonly to: string;
}

export type Part = 'client' | 'upstreams' | 'log' | 'stats' | 'admin';

export const PARTS: readonly Part[] = ['client', 'upstreams', 'log', 'stats', 'admin'];

export interface Case {
  /** `area/topic#name` */
  readonly id: string;
  readonly area: string;
  readonly topic: string;
  readonly name: string;
  readonly about: string;
  /** The bootstrap with its placeholders (`{{port:origin}}`, `{{log}}`). */
  readonly config: object;
  /** What stands in `{{dir}}` when the proxy starts, with placeholders. */
  readonly files: Readonly<Record<string, string>>;
  readonly upstreams: Readonly<Record<string, UpstreamScript>>;
  readonly client: readonly ClientStep[];
  /** Parts of the answer that this case does not compare. */
  readonly ignore: readonly Part[];
  readonly masks: readonly Mask[];
  /** Runs in a proxy of its own, because it changes the process. */
  readonly fresh: boolean;
  /** Heading in `differences.md` of a difference from Envoy that is kept. */
  readonly difference: string | undefined;
  /** Changes when anything that could change the answer does. */
  readonly hash: string;
}

/** A fault in a case file or in the machine the cases run on: one line for the person who runs them. */
export class ConformanceError extends Error {}
