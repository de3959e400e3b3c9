import type { AdminHost } from './admin-host.ts';

export interface AdminRequest {
  readonly method: string;
  readonly path: string;
  /** Parameters of the query. */
  readonly query: ReadonlyMap<string, string>;
  /** Of the query; of the form in the body when the query is empty. */
  readonly params: ReadonlyMap<string, string>;
  /** The `accept` field; empty when there is none. */
  readonly accept: string;
}

export interface AdminResponse {
  readonly status: number;
  /** Undefined: the answer comes from below the commands and says no more than its status. */
  readonly contentType: string | undefined;
  /** Lines of the head before those that all answers have: names and values in turn. */
  readonly head?: readonly string[];
  /** Chunks are asked for as the client takes them. */
  readonly body: string | Iterable<string> | AsyncIterable<string | Uint8Array>;
  /** Runs when the answer has been handed to the system, or its client has gone. */
  readonly afterwards?: () => void;
}

export type AdminHandler = (request: AdminRequest, host: AdminHost) => AdminResponse | Promise<AdminResponse>;

const PLAIN_TEXT = 'text/plain; charset=UTF-8';

export function text(body: AdminResponse['body'], status = 200): AdminResponse {
  return { status, contentType: PLAIN_TEXT, body };
}

export function bare(status: 400 | 404): AdminResponse {
  return { status, contentType: undefined, body: '' };
}

export function json(body: AdminResponse['body']): AdminResponse {
  return { status: 200, contentType: 'application/json', body };
}

export function html(body: AdminResponse['body']): AdminResponse {
  return { status: 200, contentType: 'text/html; charset=UTF-8', body };
}

export const OK = text('OK\n');
