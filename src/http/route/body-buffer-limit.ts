/** What a virtual host and a route may say about the body that a filter holds. */
export interface BodyBufferLimits {
  readonly requestBodyBufferLimit?: bigint;
  readonly perRequestBufferLimitBytes?: number;
}

/** What a route's requests may hold at least, whatever the listener's limit is, in bytes; 0 = nothing is said. */
export function bodyBufferLimitBytes(route: BodyBufferLimits, virtualHost: BodyBufferLimits): number {
  const limit = route.requestBodyBufferLimit ?? virtualHost.requestBodyBufferLimit ?? route.perRequestBufferLimitBytes ?? virtualHost.perRequestBufferLimitBytes;
  return Number(limit ?? 0);
}
