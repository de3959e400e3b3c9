import { createRequire } from 'node:module';
import { headersOf } from '../request.ts';
import type { SaturatingLoad, SaturatingResult } from './saturating.ts';

/** autocannon-program.ts JSON: prints a SaturatingResult. */
interface AutocannonResult {
  readonly '2xx': number;
  readonly non2xx: number;
  readonly errors: number;
  readonly timeouts: number;
  readonly duration: number;
  readonly latency: { readonly p50: number; readonly p99: number; readonly p99_9: number };
}

const autocannon = createRequire(import.meta.url)('autocannon') as (options: object) => Promise<AutocannonResult>;
const { port, request, connections, seconds } = JSON.parse(process.argv[2]) as SaturatingLoad;
const result = await autocannon({
  url: `http://127.0.0.1:${port}${request.path}`,
  headers: headersOf(request),
  connections,
  duration: seconds,
});
const answer: SaturatingResult = {
  requests: result['2xx'] + result.non2xx,
  errors: result.non2xx + result.errors + result.timeouts,
  seconds: result.duration,
  p50Us: result.latency.p50 * 1000,
  p99Us: result.latency.p99 * 1000,
  p999Us: result.latency.p99_9 * 1000,
};
process.stdout.write(`${JSON.stringify(answer)}\n`);
