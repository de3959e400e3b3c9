import { compileRegex } from '../core/regex.ts';
import { wireText } from '../core/wire-text.ts';

export type NameFilter = (name: string) => boolean;

/** A regular expression of a query, found anywhere in a name; RE2's reason when it is none. */
export function searchFilter(pattern: string): NameFilter | string {
  const regex = compileRegex(wireText(pattern));
  return 'error' in regex ? regex.error : (name) => regex.search(wireText(name));
}

/** As `searchFilter`, for the whole name. */
export function fullFilter(pattern: string): NameFilter | string {
  const regex = compileRegex(wireText(pattern));
  return 'error' in regex ? regex.error : (name) => regex.test(wireText(name));
}
