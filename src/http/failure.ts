/**
 * Why a stream ended before its natural end. One value, read by the connection manager, router, pools, retry policy,
 * outlier detection, access log and statistics; one table each maps it to status, response flag, details and body.
 */
export type FailureKind =
  /** The peer broke the protocol (HTTP grammar, framing, flow control). */
  | 'protocol-error'
  /** A connection could not be opened: refused, unreachable, TLS. */
  | 'connection-failure'
  | 'connection-timeout'
  /** An established connection ended before the message did. */
  | 'connection-termination'
  /** RST_STREAM by the peer. */
  | 'remote-reset'
  /** RST_STREAM(NO_ERROR) by a client that has sent its whole request. */
  | 'remote-no-error'
  | 'remote-refused-stream'
  /** RST_STREAM(CONNECT_ERROR): what a CONNECT asked for cannot be reached. */
  | 'connect-error'
  /** This side gave the stream up. */
  | 'local-reset'
  /** A circuit breaker or a limit of this side. */
  | 'overflow'
  | 'timeout'
  /** A limit of the message: headers, body, count. */
  | 'too-large'
  | 'overload';

export interface Failure {
  readonly source: 'downstream' | 'upstream' | 'local';
  readonly kind: FailureKind;
  /** Envoy's response code details (`http1.codec_error`, …) or the transport failure reason; '' when there is none. */
  readonly details: string;
}

/** Envoy's name of the reset reason as it stands in local reply bodies and details. */
export function resetReasonText(failure: Failure): string {
  switch (failure.kind) {
    case 'connection-failure':
      return failure.source === 'local' ? 'local connection failure' : 'remote connection failure';
    case 'connection-timeout':
      return 'connection timeout';
    case 'connection-termination':
      return 'connection termination';
    case 'remote-reset':
      return 'remote reset';
    case 'remote-refused-stream':
      return 'remote refused stream reset';
    case 'connect-error':
      return 'remote error with CONNECT request';
    case 'overflow':
      return 'overflow';
    case 'protocol-error':
      return 'protocol error';
    case 'overload':
      return 'overload manager reset';
    default:
      return 'local reset';
  }
}
