import type { Clock } from '../core/clock.ts';
import { type ConnectionInfo, StreamInfo } from './stream-info.ts';

/** The connection as a stream of its own: what TCP filters write and what access logs of connections read. */
export function streamOf(info: ConnectionInfo, clock: Clock): StreamInfo {
  if (info.stream !== undefined) return info.stream;
  const stream = new StreamInfo(info);
  const nowMs = clock.monotonicMs();
  stream.startMs = info.startMs ?? nowMs;
  stream.startWallMs = clock.wallMs() - (nowMs - stream.startMs);
  stream.protocol = '';
  info.stream = stream;
  return stream;
}
