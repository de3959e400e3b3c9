import type { HeaderMap } from '../../../http/header-map.ts';
import { H } from '../../../http/header-name.ts';
import type { ForwardRoute } from '../../../http/route/route.ts';
import type { StreamInfo } from '../../../http/stream-info.ts';

/** Tells the client how often its request was tried, where its virtual host says so. */
export function tellAttemptCount(headers: HeaderMap, { attemptCount }: StreamInfo, { virtualHost }: ForwardRoute): void {
  if (attemptCount > 0 && virtualHost.includeAttemptCountInResponse) headers.set(H.envoyAttemptCount, String(attemptCount));
}
