import { expect, test } from 'vitest';
import { ProcessMetrics } from '../../../src/core/stats/process-metrics.ts';

test('the process tells of its event loop, heap and workers under names that no Envoy statistic has', async () => {
  const metrics = new ProcessMetrics(() => [{ id: 3, eventLoopUtilization: () => 0.25 }]);
  const text = await metrics.text();
  const names = [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name);
  expect(names).toContain('nodejs_eventloop_lag_seconds');
  expect(names).toContain('nodejs_heap_size_used_bytes');
  expect(names).toContain('process_cpu_seconds_total');
  expect(names.filter((name) => !/^(process|nodejs|nuncio)_/.test(name))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
  expect(text).toContain('nuncio_worker_event_loop_utilization{worker="3"} 0.25\n');
});

test('a second proxy in the process measures the same process', async () => {
  const texts = await Promise.all([new ProcessMetrics(() => []).text(), new ProcessMetrics(() => []).text()]);
  for (const text of texts) expect(text.match(/^# TYPE process_cpu_seconds_total/gm)?.length).toBe(1);
});
