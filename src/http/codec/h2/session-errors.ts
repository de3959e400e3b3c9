import type { Failure } from '../../failure.ts';

/** `%RESPONSE_CODE_DETAILS%` of what goes wrong on an HTTP/2 connection, as Envoy names it. */
export const UNKNOWN_ERROR = 'http2.unknown.nghttp2.error';
export const MESSAGING = 'http2.violation.of.messaging.rule';
export const INVALID_FIELD = 'http2.invalid.header.field';
export const USER_CALLBACK = 'codec_error:The_user_callback_function_failed';

export function protocolError(details: string): Failure {
  return { source: 'downstream', kind: 'protocol-error', retryable: false, details };
}

export const KEEPALIVE_TIMEOUT: Failure = { source: 'local', kind: 'connection-termination', retryable: false, details: 'http2.keepalive_timeout' };
export const STREAM_ERROR: Failure = { source: 'downstream', kind: 'protocol-error', retryable: false, details: 'http2.remote_reset' };
export const HEAD_TOO_LARGE: Failure = { source: 'downstream', kind: 'too-large', retryable: false, details: 'http2.header_list_size_too_large' };
export const TOO_MANY_FIELDS: Failure = { source: 'downstream', kind: 'too-large', retryable: false, details: 'http2.too_many_headers' };
export const REMOTE_RESET: Failure = { source: 'downstream', kind: 'remote-reset', retryable: false, details: 'http2.remote_reset' };
export const REMOTE_REFUSED: Failure = { source: 'downstream', kind: 'remote-refused-stream', retryable: true, details: 'http2.remote_refuse' };
export const UNDERSCORE: Failure = { source: 'downstream', kind: 'too-large', retryable: false, details: 'http2.unexpected_underscore' };
