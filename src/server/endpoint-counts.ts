import { HIDDEN_PREFIX } from '../cluster/cluster-stats.ts';
import type { EndpointCounts } from '../cluster/endpoint-stats.ts';
import type { StatScrape } from '../core/stats/scrape.ts';

/** What all threads have counted of each endpoint. */
export function endpointCounts(stats: StatScrape): EndpointCounts {
  const byPrefix = new Map<string, Map<string, number>>();
  for (const group of stats.groups()) {
    if (!group.prefix.startsWith(HIDDEN_PREFIX)) continue;
    const values = new Map<string, number>();
    group.schema.counters.forEach((name, index) => values.set(name, group.counter(index)));
    group.schema.gauges.forEach((name, index) => values.set(name, Number(group.gauge(index))));
    byPrefix.set(group.prefix, values);
  }
  return byPrefix;
}
