import { HTTP_STATS } from '../../../http/http-stats.ts';
import { ResponseFlag } from '../../../http/stream-info.ts';
import type { ActiveStream } from './active-stream.ts';

/** Tags of a stream's timers. */
export const TIMER_IDLE = 0;
export const TIMER_REQUEST = 1;
export const TIMER_HEADERS = 2;
export const TIMER_DURATION = 3;

/** grpc-status. */
const DEADLINE_EXCEEDED = 4;

/** Counts and answers a timeout of the connection manager, as Envoy does; once the response has begun it is cut off instead. */
export function answerTimeout(stream: ActiveStream, tag: number): void {
  const { stats } = stream.config;
  switch (tag) {
    case TIMER_IDLE:
      stats.inc(HTTP_STATS.downstream_rq_idle_timeout);
      stream.info.setFlag(ResponseFlag.streamIdleTimeout);
      stream.localReply({ status: stream.requestEnded ? 504 : 408, body: 'stream timeout', details: 'stream_idle_timeout' });
      return;
    case TIMER_REQUEST:
      stats.inc(HTTP_STATS.downstream_rq_timeout);
      stream.localReply({ status: 408, body: 'request timeout', details: 'request_overall_timeout' });
      return;
    case TIMER_HEADERS:
      stats.inc(HTTP_STATS.downstream_rq_header_timeout);
      stream.localReply({ status: 408, body: 'request header timeout', details: 'request_header_timeout' });
      return;
    default:
      stats.inc(HTTP_STATS.downstream_rq_max_duration_reached);
      stream.localReply({ status: stream.requestEnded ? 504 : 408, body: 'downstream duration timeout', details: 'max_duration_timeout', grpcStatus: DEADLINE_EXCEEDED });
  }
}
