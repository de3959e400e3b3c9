/** Every figure the harness knows: its column, its unit, how it is written. */
export const METRICS = {
  cpuUs: { label: 'CPU µs/request', digits: 'short' },
  addedUs: { label: 'added CPU µs', digits: 'short' },
  requestsPerSecond: { label: 'requests/s', digits: 'whole' },
  p50Us: { label: 'p50 µs', digits: 'whole' },
  p99Us: { label: 'p99 µs', digits: 'whole' },
  p999Us: { label: 'p99.9 µs', digits: 'whole' },
  lagUs: { label: 'generator late p50 µs', digits: 'whole' },
  mibPerSecond: { label: 'MiB/s', digits: 'whole' },
  cpuMsPerTransfer: { label: 'CPU ms/transfer', digits: 'short' },
  bytesPerConnection: { label: 'bytes/connection', digits: 'whole' },
  readyMs: { label: 'first 200 after ms', digits: 'whole' },
  rssMiB: { label: 'RSS MiB', digits: 'short' },
  peakMiB: { label: 'peak RSS MiB', digits: 'short' },
  othersPercent: { label: 'others % of a core', digits: 'whole' },
  growthMiB: { label: 'RSS growth MiB', digits: 'short' },
} as const;

export type Metric = keyof typeof METRICS;

/** What one turn of one contestant yielded. */
export type Figures = Partial<Record<Metric, number>>;

export function formatFigure(metric: Metric, value: number): string {
  if (!Number.isFinite(value)) return '–';
  return METRICS[metric].digits === 'whole' ? Math.round(value).toLocaleString('en-US') : formatShort(value);
}

/** About three digits, never more than two behind the point. */
export function formatShort(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}
