/** Judges the texts that its parent sends: many for each process, and a process that may die without taking the parent along. */

import { loadBootstrap } from '../../../src/config/loader.ts';
import { formatProblem } from '../../../src/core/problems.ts';
import { ConfigurationError } from '../../../src/server/configuration-error.ts';
import { Proxy } from '../../../src/server/proxy.ts';
import type { NuncioVerdict } from './verdict.ts';

const NODE = { id: 'conformance', cluster: 'conformance', zone: '', ipVersion: 'v4' as const };

const judge = (path: string): NuncioVerdict => {
  try {
    const schema = loadBootstrap({ path }).problems.errors.map(formatProblem);
    return { kind: 'judged', schema, problems: problemsOf(path) };
  } catch (error) {
    return { kind: 'crashed', message: String((error as Error).stack ?? error) };
  }
};

const problemsOf = (path: string): string[] => {
  try {
    Proxy.validate({ path, node: NODE });
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems.map(formatProblem);
    throw error;
  }
};

process.on('message', (path: string) => process.send?.(judge(path)));
process.on('disconnect', () => process.exit(0));
