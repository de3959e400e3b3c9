import type { Failure } from '../../http/failure.ts';
import { TLS_FAILED } from '../../transport/tls.ts';
import type { Address, TransportError } from '../../transport/transport.ts';

/** A circuit breaker is open. */
export const POOL_OVERFLOW: Failure = { source: 'local', kind: 'overflow', details: '' };

export const CONNECT_TIMEOUT: Failure = { source: 'upstream', kind: 'connection-timeout', details: '' };

/** This side gave the attempt up: the cluster or the host went away. */
export const CONNECT_ABANDONED: Failure = { source: 'local', kind: 'connection-failure', details: '' };

/** An idle or finished connection is closed from this side. */
export const CLOSED_LOCALLY: Failure = { source: 'local', kind: 'local-reset', details: '' };

/** The system's sentences as the C library has them: they stand in access logs and response code details. */
const SENTENCES: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EAFNOSUPPORT: 'Address family not supported by protocol',
  EAGAIN: 'Resource temporarily unavailable',
  ECONNABORTED: 'Software caused connection abort',
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  EHOSTDOWN: 'Host is down',
  EHOSTUNREACH: 'No route to host',
  EINVAL: 'Invalid argument',
  EMFILE: 'Too many open files',
  ENAMETOOLONG: 'File name too long',
  ENETDOWN: 'Network is down',
  ENETUNREACH: 'Network is unreachable',
  ENFILE: 'Too many open files in system',
  ENOBUFS: 'No buffer space available',
  ENOENT: 'No such file or directory',
  ENOTDIR: 'Not a directory',
  EPERM: 'Operation not permitted',
  EPIPE: 'Broken pipe',
  EPROTOTYPE: 'Protocol wrong type for socket',
  ETIMEDOUT: 'Connection timed out',
};

/** What `connect()` itself answers, before any packet: Envoy calls these immediate. */
const IMMEDIATE = new Set(['EACCES', 'EADDRINUSE', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL', 'EMFILE', 'ENETUNREACH', 'ENFILE', 'ENOBUFS', 'EPERM']);

/** Why a connection could not be opened, in Envoy's words (`%UPSTREAM_TRANSPORT_FAILURE_REASON%`). */
export function connectFailure(error: TransportError | undefined, remote: Address): Failure {
  return { source: 'upstream', kind: 'connection-failure', details: failureReason(error, remote) };
}

function failureReason(error: TransportError | undefined, remote: Address): string {
  if (error === undefined || error.code === 'TLS_CLOSED') return '';
  if (error.code === TLS_FAILED) return error.message;
  const sentence = SENTENCES[error.code] ?? error.message;
  const immediate = remote.kind === 'pipe' || IMMEDIATE.has(error.code);
  return immediate ? `immediate connect error: ${sentence}|remote address:${remote.text}` : `delayed connect error: ${sentence}`;
}
