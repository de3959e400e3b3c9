import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ECHOED_HEADERS } from './origin/origin.ts';
import { ask, bodyOf, headerOf } from './probe.ts';
import type { RunningProxy } from './scenario.ts';

/** Batched logs are written within this time. */
const LOG_WITHIN_MS = 12_000;
const LOG_POLL_MS = 50;
/** The request's path, which every format has. */
const LOG_MARK = '/echo';

/** What a proxy should do in the full scenarios and does not: comparisons are fair only where this is empty. */
export async function checkFeatures(proxy: RunningProxy, directory: string): Promise<string[]> {
  const missing: string[] = [];
  const answer = await ask(proxy.plan.listenPort, proxy.target.host, '/svc57/echo', proxy.target.secure);
  if (answer === undefined) return ['no answer to the check of features'];
  const values = bodyOf(answer).split('\n');
  ECHOED_HEADERS.forEach((name, index) => {
    if ((values[index] ?? '') === '') missing.push(`sends no ${name} upstream`);
  });
  if (headerOf(answer, 'via') === undefined) missing.push('sends no via downstream');
  if (!(await isLogged(directory))) missing.push('writes no access log');
  return missing;
}

/** HAProxy's log is its standard output. */
async function isLogged(directory: string): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < LOG_WITHIN_MS; waitedMs += LOG_POLL_MS) {
    if (['access.log', 'output.log'].some((file) => textOf(join(directory, file)).includes(LOG_MARK))) return true;
    await delay(LOG_POLL_MS);
  }
  return false;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
