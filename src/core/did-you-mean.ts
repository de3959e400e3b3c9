/**
 * The candidate a person most likely meant: at most a third of the letters may differ, and only one candidate may be nearest.
 * Meant for messages; long inputs get no suggestion.
 */
export function nearest(wanted: string, candidates: Iterable<string>): string | undefined {
  if (wanted.length > LONGEST_NAME) return undefined;
  const names = [...candidates];
  return nearestWithin(wanted, names, Math.max(1, Math.floor(wanted.length / 3))) ?? continued(wanted, names);
}

/** `port` for `port_value`, when nothing else begins so. */
function continued(wanted: string, names: readonly string[]): string | undefined {
  const begun = `${wanted.toLowerCase()}_`;
  const longer = names.filter((name) => name.toLowerCase().startsWith(begun));
  return longer.length === 1 ? longer[0] : undefined;
}

function nearestWithin(wanted: string, candidates: Iterable<string>, limit: number): string | undefined {
  const lower = wanted.toLowerCase();
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - wanted.length) >= bestDistance) continue;
    const distance = editDistance(lower, candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/**
 * The type most likely meant: a type of the same short name, as when a version or a package is wrong, else one that a few typing
 * mistakes lead to.
 */
export function nearestType(wanted: string, names: Iterable<string>): string | undefined {
  if (wanted.length > LONGEST_TYPE) return undefined;
  const all = [...names];
  const short = shortName(wanted);
  const namesakes = all.filter((name) => shortName(name) === short);
  return nearestWithin(wanted, namesakes, Math.floor(wanted.length / 2)) ?? nearestWithin(wanted, all, MAX_TYPING_MISTAKES);
}

function shortName(typeName: string): string {
  return typeName.slice(typeName.lastIndexOf('.') + 1).toLowerCase();
}

const LONGEST_TYPE = 160;
const MAX_TYPING_MISTAKES = 6;

export function didYouMean(wanted: string, candidates: Iterable<string>): string {
  const candidate = nearest(wanted, candidates);
  return candidate === undefined ? '' : ` (did you mean '${candidate}'?)`;
}

const LONGEST_NAME = 64;

/** Levenshtein's, with swapped neighbours as one edit; stops counting at `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(substitution, previous[j]! + 1, current[j - 1]! + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, beforePrevious[j - 2]! + 1);
      current.push(cost);
      least = Math.min(least, cost);
    }
    if (least >= limit) return limit;
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length]!;
}
