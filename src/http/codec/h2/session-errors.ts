import type { Failure } from '../../failure.ts';
import { ErrorCode } from './frame.ts';

/** `%RESPONSE_CODE_DETAILS%` of what goes wrong on a downstream HTTP/2 connection, as Envoy names it. */
export const UNKNOWN_ERROR = 'http2.unknown.nghttp2.error';
export const MESSAGING = 'http2.violation.of.messaging.rule';
export const INVALID_FIELD = 'http2.invalid.header.field';
export const USER_CALLBACK = 'codec_error:The_user_callback_function_failed';

/** What the streams of one side of the proxy end with. Upstream the kind of the failure says it all. */
export class SessionFailures {
  readonly source: 'downstream' | 'upstream';
  readonly streamError: Failure;
  readonly headTooLarge: Failure;
  readonly tooManyFields: Failure;
  readonly underscore: Failure;
  readonly remoteReset: Failure;
  readonly remoteRefused: Failure;
  readonly remoteConnectError: Failure;
  readonly remoteNoError: Failure;
  readonly keepAliveTimeout: Failure;
  readonly overload: Failure;

  constructor(source: 'downstream' | 'upstream') {
    this.source = source;
    const tooLarge = source === 'upstream' ? 'remote-reset' : 'too-large';
    this.keepAliveTimeout = { ...this.#failure('connection-termination', 'http2.keepalive_timeout'), source: 'local' };
    this.overload = { ...this.#failure('overload', 'overload'), source: 'local' };
    this.streamError = this.#failure('protocol-error', 'http2.remote_reset');
    this.headTooLarge = this.#failure(tooLarge, 'http2.header_list_size_too_large');
    this.tooManyFields = this.#failure(tooLarge, 'http2.too_many_headers');
    this.underscore = this.#failure(tooLarge, 'http2.unexpected_underscore');
    this.remoteReset = this.#failure('remote-reset', 'http2.remote_reset');
    this.remoteConnectError = this.#failure('connect-error', 'http2.remote_reset');
    this.remoteNoError = this.#failure('remote-no-error', '');
    this.remoteRefused = this.#failure('remote-refused-stream', 'http2.remote_refuse');
  }

  /** RST_STREAM with this code; `remoteEnded`: of a message that was complete. */
  ofCode(code: number, remoteEnded: boolean): Failure {
    switch (code) {
      case ErrorCode.refusedStream:
        return this.remoteRefused;
      case ErrorCode.protocolError:
        return this.streamError;
      case ErrorCode.connectError:
        return this.source === 'upstream' ? this.remoteConnectError : this.remoteReset;
      case ErrorCode.noError:
        return this.source === 'downstream' && remoteEnded ? this.remoteNoError : this.remoteReset;
      default:
        return this.remoteReset;
    }
  }

  protocolError(details: string): Failure {
    return this.#failure('protocol-error', details);
  }

  #failure(kind: Failure['kind'], details: string): Failure {
    return { source: this.source, kind, details: this.source === 'upstream' ? '' : details };
  }
}

export const DOWNSTREAM_FAILURES = new SessionFailures('downstream');
export const UPSTREAM_FAILURES = new SessionFailures('upstream');
