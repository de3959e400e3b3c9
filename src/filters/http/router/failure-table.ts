import { type Failure, resetReasonText } from '../../../http/failure.ts';
import { ResponseFlag } from '../../../http/stream-info.ts';

export interface FailureOutcome {
  readonly status: number;
  readonly flag: number;
}

/** Status and response flag of a request whose upstream stream failed before a response (as Envoy's router answers). */
export function upstreamFailure(failure: Failure): FailureOutcome {
  switch (failure.kind) {
    case 'connection-failure':
    case 'connection-timeout':
      return { status: 503, flag: ResponseFlag.upstreamConnectionFailure };
    case 'connection-termination':
      return { status: 503, flag: ResponseFlag.upstreamConnectionTermination };
    case 'remote-reset':
    case 'remote-refused-stream':
    case 'connect-error':
      return { status: 503, flag: ResponseFlag.upstreamRemoteReset };
    case 'overflow':
      return { status: 503, flag: ResponseFlag.upstreamOverflow };
    case 'protocol-error':
      return { status: 502, flag: ResponseFlag.upstreamProtocolError };
    case 'timeout':
      return { status: 504, flag: ResponseFlag.upstreamRequestTimeout };
    default:
      return { status: 503, flag: ResponseFlag.localReset };
  }
}

/** Why this side ends a request to an upstream. */
export const TIMED_OUT: Failure = { source: 'local', kind: 'timeout', details: '' };
export const GIVEN_UP: Failure = { source: 'local', kind: 'local-reset', details: '' };
export const CLIENT_GONE: Failure = { source: 'downstream', kind: 'local-reset', details: '' };
export const NO_HOST: Failure = { source: 'local', kind: 'connection-failure', details: '' };

/** `%RESPONSE_CODE_DETAILS%` of a request whose upstream stream failed; details hold no white space. */
export function resetDetails(failure: Failure, responseStarted: boolean): string {
  const when = responseStarted ? 'upstream_reset_after_response_started' : 'upstream_reset_before_response_started';
  const reason = resetReasonText(failure);
  const details = failure.details === '' ? reason : `${reason}|${failure.details}`;
  return `${when}{${details.includes(' ') ? details.replace(/\s/g, '_') : details}}`;
}

/** A response to a call that says no failure with its head: how the call went is known at its end. */
export function promisesSuccess(status: number): boolean {
  return status >= 200 && status < 500;
}
