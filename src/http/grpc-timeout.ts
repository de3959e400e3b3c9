const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** As Envoy reads numbers: zeros, a plus and blanks do not count. */
const TIMEOUT = /^\s*\+?(\d+)\s*([HMSmun])$/;
const MAX_VALUE = 99_999_999;

/** `grpc-timeout`, parts of a millisecond rounded up; undefined when it is missing or is none. */
export function grpcTimeoutMs(text: string | undefined): number | undefined {
  const match = text === undefined ? null : TIMEOUT.exec(text);
  const value = match === null ? Infinity : Number(match[1]);
  return value > MAX_VALUE ? undefined : Math.ceil(Number((value * UNIT_MS[match![2]!]!).toFixed(6)));
}

/** Up to eight digits, in the finest unit that has room. */
export function grpcTimeoutText(timeoutMs: number): string {
  for (const unit of ['m', 'S', 'M']) {
    const value = Math.floor(timeoutMs / UNIT_MS[unit]!);
    if (value < 1e8) return `${value}${unit}`;
  }
  return `${Math.min(Math.floor(timeoutMs / UNIT_MS['H']!), 99_999_999)}H`;
}
