/** Short and long names by bit, in Envoy's order of printing (see `ResponseFlag`). */
export const RESPONSE_FLAG_NAMES: readonly (readonly [short: string, long: string])[] = [
  ['LH', 'FailedLocalHealthCheck'],
  ['UH', 'NoHealthyUpstream'],
  ['UT', 'UpstreamRequestTimeout'],
  ['LR', 'LocalReset'],
  ['UR', 'UpstreamRemoteReset'],
  ['UF', 'UpstreamConnectionFailure'],
  ['UC', 'UpstreamConnectionTermination'],
  ['UO', 'UpstreamOverflow'],
  ['NR', 'NoRouteFound'],
  ['DI', 'DelayInjected'],
  ['FI', 'FaultInjected'],
  ['RL', 'RateLimited'],
  ['UAEX', 'UnauthorizedExternalService'],
  ['RLSE', 'RateLimitServiceError'],
  ['DC', 'DownstreamConnectionTermination'],
  ['URX', 'UpstreamRetryLimitExceeded'],
  ['SI', 'StreamIdleTimeout'],
  ['IH', 'InvalidEnvoyRequestHeaders'],
  ['DPE', 'DownstreamProtocolError'],
  ['UMSDR', 'UpstreamMaxStreamDurationReached'],
  ['RFCF', 'ResponseFromCacheFilter'],
  ['NFCF', 'NoFilterConfigFound'],
  ['DT', 'DurationTimeout'],
  ['UPE', 'UpstreamProtocolError'],
  ['NC', 'NoClusterFound'],
  ['OM', 'OverloadManagerTerminated'],
  ['DF', 'DnsResolutionFailed'],
  ['DO', 'DropOverload'],
  ['DR', 'DownstreamRemoteReset'],
  ['UDO', 'UnconditionalDropOverload'],
];

/** `%RESPONSE_FLAGS%`: short names with commas between, `-` for none. */
export function responseFlagsText(flags: number): string {
  return flags === 0 ? '-' : joinNames(flags, 0);
}

/** `%RESPONSE_FLAGS_LONG%`. */
export function longResponseFlagsText(flags: number): string {
  return flags === 0 ? '-' : joinNames(flags, 1);
}

function joinNames(flags: number, column: 0 | 1): string {
  let out = '';
  for (let bit = 0; bit < RESPONSE_FLAG_NAMES.length; bit++) {
    if ((flags & (1 << bit)) === 0) continue;
    const name = RESPONSE_FLAG_NAMES[bit]![column];
    out = out === '' ? name : `${out},${name}`;
  }
  return out;
}
