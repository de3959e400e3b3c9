import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** A worker as `node:worker_threads` has it, as far as it is measured here. */
export interface MeasuredThread {
  readonly id: number;
  /** Share of the time since the last call in which its event loop was busy, from 0 to 1. */
  eventLoopUtilization(): number;
}

/**
 * What prom-client knows of this process (event loop lag, heap, garbage collection, file descriptors), to be appended to the Prometheus output.
 * Its names begin with `process_`, `nodejs_` and `nuncio_`, those of Envoy with `envoy_`.
 * Import this file on first use only: loading prom-client costs start-up time.
 */
export class ProcessMetrics {
  readonly #threads = new Registry();

  /** `threads` is asked at each scrape. */
  constructor(threads: () => Iterable<MeasuredThread>) {
    new Gauge({
      name: 'nuncio_worker_event_loop_utilization',
      help: 'Share of the time since the last scrape in which the event loop of a worker was busy.',
      labelNames: ['worker'],
      registers: [this.#threads],
      collect() {
        this.reset();
        for (const thread of threads()) this.set({ worker: String(thread.id) }, thread.eventLoopUtilization());
      },
    });
  }

  /** In the text exposition format. */
  async text(): Promise<string> {
    const [process, threads] = await Promise.all([processRegistry().metrics(), this.#threads.metrics()]);
    return process + threads;
  }
}

let registry: Registry | undefined;

/** One for the process, however many proxies run in it: the observers behind it cannot be taken down again. */
function processRegistry(): Registry {
  if (registry === undefined) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry });
    for (const name of MISNAMED) registry.removeSingleMetric(name);
  }
  return registry;
}

/** Gauges named like counters, which `promtool check metrics` complains of; the same gauges by type are kept. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];
