import { DEFAULT_BUCKETS } from './histogram-statistics.ts';

/** A `StringMatcher`, compiled by the caller. */
export type NameMatcher = (name: string) => boolean;

/** `stats_config.stats_matcher`: which statistics exist at all. */
export type StatsMatcher =
  | { readonly rejectAll: boolean }
  | { readonly exclusionList: readonly NameMatcher[] }
  | { readonly inclusionList: readonly NameMatcher[] };

/** Tells of a full name whether the statistic exists; `undefined` when all do. */
export function compileStatsMatcher(matcher: StatsMatcher | undefined): NameMatcher | undefined {
  if (matcher === undefined) return undefined;
  if ('rejectAll' in matcher) return matcher.rejectAll ? () => false : undefined;
  if ('inclusionList' in matcher) return (name) => matcher.inclusionList.some((matches) => matches(name));
  return (name) => !matcher.exclusionList.some((matches) => matches(name));
}

/** `stats_config.histogram_bucket_settings[]` */
export interface HistogramBucketSetting {
  readonly match: NameMatcher;
  readonly buckets: readonly number[];
}

/** Upper bounds of the buckets of a histogram by its full name: of the first setting that matches. */
export function compileBucketSettings(settings: readonly HistogramBucketSetting[]): (name: string) => readonly number[] {
  return (name) => settings.find(({ match }) => match(name))?.buckets ?? DEFAULT_BUCKETS;
}
