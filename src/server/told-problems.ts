import { withRemedy } from '../config/remedies.ts';
import { UnreadPaths } from '../config/unread-paths.ts';
import type { Problem } from '../core/problems.ts';

/**
 * What a person is told of the problems of a configuration: each mistake once, with what to do about it. `reading` are those that
 * were found while the text was read and validated.
 */
export function toldProblems(problems: readonly Problem[], reading: ReadonlySet<Problem>): Problem[] {
  const unread = new UnreadPaths([...reading].map(({ path }) => path));
  const original = problems.filter((problem) => reading.has(problem) || !unread.covers(problem.path));
  return withoutEchoes(original).map((problem) => ({ ...problem, message: withRemedy(problem.message, problem.position?.file) }));
}

/**
 * A field that is not supported may be complained about by its compile step as well: one of the two suffices. And a type that no
 * one knows has no extension.
 */
function withoutEchoes(problems: readonly Problem[]): Problem[] {
  const refused = new Set(problems.filter(({ message }) => message.startsWith(NOT_SUPPORTED)).map(({ path }) => path));
  const untyped = new Set(problems.filter(({ path }) => path.endsWith(TYPE)).map(({ path }) => path.slice(0, -TYPE.length)));
  const seen = new Set<string>();
  return problems.filter(({ path, message }) => {
    if (untyped.has(path)) return false;
    if (!refused.has(path)) return true;
    if (!message.startsWith(NOT_SUPPORTED) || seen.has(path)) return false;
    seen.add(path);
    return true;
  });
}

const NOT_SUPPORTED = 'not supported';
const TYPE = '["@type"]';
