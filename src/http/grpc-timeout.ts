const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** `grpc-timeout`, parts of a millisecond rounded up; undefined when it is missing or is none. */
export function grpcTimeoutMs(text: string | undefined): number | undefined {
  const match = text === undefined ? null : /^(\d{1,8})([HMSmun])$/.exec(text);
  return match === null ? undefined : Math.ceil(Number((Number(match[1]) * UNIT_MS[match[2]!]!).toFixed(6)));
}

/** Up to eight digits, in the finest unit that has room. */
export function grpcTimeoutText(timeoutMs: number): string {
  for (const unit of ['m', 'S', 'M']) {
    const value = Math.floor(timeoutMs / UNIT_MS[unit]!);
    if (value < 1e8) return `${value}${unit}`;
  }
  return `${Math.min(Math.floor(timeoutMs / UNIT_MS['H']!), 99_999_999)}H`;
}
