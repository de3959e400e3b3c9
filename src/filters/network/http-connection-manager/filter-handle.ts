import type { Failure } from '../../../http/failure.ts';
import { IterationHandle } from '../../../http/filter-handle.ts';
import { HTTP_STATS } from '../../../http/http-stats.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import type { ActiveStream } from './active-stream.ts';

/** Adds the client at the one end and the filter that forwards at the other. */
export class StreamFilterHandle extends IterationHandle<ActiveStream> {
  pauseRequest(backedUp: boolean): void {
    if (this.stream.destroyed) return;
    if (backedUp) this.stream.config.stats.inc(HTTP_STATS.downstream_flow_control_paused_reading_total);
    this.stream.encoder.pause();
  }

  resumeRequest(backedUp: boolean): void {
    if (this.stream.destroyed) return;
    if (backedUp) this.stream.config.stats.inc(HTTP_STATS.downstream_flow_control_resumed_reading_total);
    this.stream.encoder.resume();
  }

  pauseResponse(): void {
    if (!this.stream.destroyed) this.stream.tellPressure('onAboveWriteBuffer');
  }

  resumeResponse(): void {
    if (!this.stream.destroyed) this.stream.tellPressure('onBelowWriteBuffer');
  }

  reset(_failure: Failure): void {
    this.stream.reset();
  }

  /** Envoy passes no 1xx on unless told to; an HTTP/1.0 client would not understand one. */
  respondInformational(headers: HeaderMap): void {
    if (this.stream.config.proxy100Continue && this.stream.encoder.minorVersion === 1) this.stream.respondInformational(headers);
  }
}
