import { formatProblem, type Problem, type Problems } from '../core/problems.ts';

/** What `--mode validate` says. Exit codes and streams are main's business. */
export interface ValidationReport {
  readonly ok: boolean;
  /** For standard output, exactly Envoy's: printed only when there is no error. */
  readonly output: string;
  /** For the log, the first at level critical; Envoy's opening words, then every problem on a line of its own. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** `path` is what `-c` was given, empty without it, as Envoy prints it. */
export function validationReport(path: string, problems: Problems): ValidationReport {
  const warnings = inTextOrder(problems.warnings).map(formatProblem);
  if (problems.ok) return { ok: true, output: `configuration '${path}' OK\n`, errors: [], warnings };
  return { ok: false, output: '', errors: errorLines(path, problems), warnings };
}

function errorLines(path: string, problems: Problems): string[] {
  const lines = inTextOrder(problems.errors).map(formatProblem);
  const opening = `error initializing configuration '${path}': `;
  if (lines.length === 1) return [opening + lines[0]!];
  const more = problems.full ? ['there may be more errors; these are the first ones'] : [];
  return [`${opening}${lines.length} errors`, ...lines, ...more];
}

/** As a reader of the files meets them; what has no place comes first. */
function inTextOrder(problems: readonly Problem[]): Problem[] {
  const files = [...new Set(problems.map(({ position }) => position?.file))];
  const rank = ({ position }: Problem): [number, number, number] =>
    position === undefined ? [-1, 0, 0] : [files.indexOf(position.file), position.line, position.column];
  return problems.toSorted((a, b) => {
    const left = rank(a);
    const right = rank(b);
    return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
  });
}
