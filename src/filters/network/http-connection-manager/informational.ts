import { STOP } from '../../../http/filter.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { countResponse } from '../../../http/http-stats.ts';
import type { ActiveStream } from './active-stream.ts';
import { HOP_BY_HOP } from './hop-by-hop.ts';

/** A 1xx on its way to the client, while there is no answer yet. */
export function sendInformational(stream: ActiveStream, headers: HeaderMap): void {
  if (stream.destroyed || stream.responseHeaders !== undefined) return;
  for (const entry of stream.chain.encoders) {
    stream.current = entry;
    if (entry.filter.encodeInformational?.(stream, headers) === STOP) return;
    if (stream.destroyed) return;
  }
  headers.removeAll(HOP_BY_HOP);
  stream.info.responseCode = headers.status;
  countResponse(stream.config.stats, stream.config.listenerStats, headers.status);
  stream.encoder.sendInformational(headers);
}
