import type { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';

const CONSUMED = [
  H.envoyRetryOn,
  H.envoyRetryGrpcOn,
  H.envoyMaxRetries,
  H.envoyHedgeOnPerTryTimeout,
  H.envoyRetriableHeaderNames,
  H.envoyRetriableStatusCodes,
];

/** Removes what an internal caller says to this router and nobody else. */
export function removeConsumed(headers: HeaderMap): void {
  for (let at = 0; at < CONSUMED.length; at++) headers.remove(CONSUMED[at]!);
}
