import type { Failure } from '../../../http/failure.ts';
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
