import { formatProblem, type Problem } from '../core/problems.ts';

/** A configuration that cannot be served; every problem it has. */
export class ConfigurationError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], omitted = 0) {
    const more = omitted > 0 ? [`${omitted} more`] : [];
    super([...problems.map(formatProblem), ...more].join('\n'));
    this.name = 'ConfigurationError';
    this.problems = problems;
  }
}
