import type { Bootstrap } from '../api/generated/envoy/config/bootstrap/v3.ts';
import type { StringMatcher } from '../api/generated/envoy/type/matcher/v3.ts';
import { HIDDEN_PREFIX } from '../cluster/cluster-stats.ts';
import { durationMs } from '../core/durations.ts';
import { ConfigPath, type Problems } from '../core/problems.ts';
import { compileRegex } from '../core/regex.ts';
import type { StatScrapeOptions } from '../core/stats/scrape.ts';
import { compileBucketSettings, compileStatsMatcher, type NameMatcher, type StatsMatcher } from '../core/stats/stats-config.ts';
import { compileTagExtractor, type Tag, TagExtractor } from '../core/stats/tags.ts';
import { wireText } from '../core/wire-text.ts';

/** `stats_config` and its neighbours, compiled. Fixed for the life of the process. */
export interface StatsSettings {
  readonly scrape: StatScrapeOptions;
  readonly tags: TagExtractor;
  /** Undefined: histograms are flushed when the admin interface reads them. */
  readonly flushIntervalMs: number | undefined;
}

const DEFAULT_FLUSH_MS = 5_000;
const STATS = ConfigPath.root.field('stats_config');

export function compileStatsSettings(bootstrap: Bootstrap, fixedTags: readonly Tag[], problems: Problems): StatsSettings {
  const { statsConfig } = bootstrap;
  if (bootstrap.statsFlush.case !== undefined && bootstrap.statsFlushInterval !== undefined) {
    problems.error(ConfigPath.root.field('stats_flush_on_admin'), 'Only one of stats_flush_interval or stats_flush_on_admin should be set!');
  }
  const buckets = (statsConfig?.histogramBucketSettings ?? []).map(({ match, buckets: bounds }, index) => ({
    match: compileNameMatcher(match, STATS.field('histogram_bucket_settings').index(index).field('match'), problems),
    buckets: bounds,
  }));
  const matcher = compileStatsMatcher(statsMatcherOf(bootstrap, problems));
  const onAdmin = bootstrap.statsFlush.case === 'statsFlushOnAdmin' && bootstrap.statsFlush.value;
  return {
    scrape: {
      ...(matcher === undefined ? {} : { accepts: matcher }),
      bucketBounds: compileBucketSettings(buckets),
      hides: (prefix) => prefix.startsWith(HIDDEN_PREFIX),
    },
    tags: compileTags(bootstrap, fixedTags, problems),
    flushIntervalMs: onAdmin ? undefined : (durationMs(bootstrap.statsFlushInterval) ?? DEFAULT_FLUSH_MS),
  };
}

function compileTags({ statsConfig }: Bootstrap, fixed: readonly Tag[], problems: Problems): TagExtractor {
  const specifiers = (statsConfig?.statsTags ?? []).map(({ tagName, tagValue }) => ({
    tagName,
    ...(tagValue.case === 'regex' ? { regex: tagValue.value } : {}),
    ...(tagValue.case === 'fixedValue' ? { fixedValue: tagValue.value } : {}),
  }));
  const compiled = compileTagExtractor({ useDefaults: statsConfig?.useAllDefaultTags ?? true, fixed, specifiers });
  if (compiled instanceof TagExtractor) return compiled;
  problems.error(STATS.field('stats_tags').index(compiled.index), compiled.error);
  return new TagExtractor();
}

function statsMatcherOf({ statsConfig }: Bootstrap, problems: Problems): StatsMatcher | undefined {
  const matcher = statsConfig?.statsMatcher?.statsMatcher;
  const at = STATS.field('stats_matcher');
  switch (matcher?.case) {
    case 'rejectAll':
      return { rejectAll: matcher.value };
    case 'exclusionList':
      return { exclusionList: compileList(matcher.value.patterns, at.field('exclusion_list'), problems) };
    case 'inclusionList':
      return { inclusionList: compileList(matcher.value.patterns, at.field('inclusion_list'), problems) };
    default:
      return undefined;
  }
}

function compileList(patterns: readonly StringMatcher[], at: ConfigPath, problems: Problems): NameMatcher[] {
  return patterns.map((pattern, index) => compileNameMatcher(pattern, at.field('patterns').index(index), problems));
}

/** A `StringMatcher` for names of statistics and paths of the admin interface. */
export function compileNameMatcher(matcher: StringMatcher | undefined, at: ConfigPath, problems: Problems): NameMatcher {
  const { matchPattern, ignoreCase = false } = matcher ?? {};
  if (matchPattern?.case === 'safeRegex') {
    const regex = compileRegex(wireText(matchPattern.value.regex));
    if (!('error' in regex)) return (name) => regex.test(name);
    problems.error(at.field('safe_regex').field('regex'), regex.error);
    return () => false;
  }
  if (typeof matchPattern?.value !== 'string') return () => false;
  const fold = (text: string): string => (ignoreCase ? text.toLowerCase() : text);
  const wanted = fold(matchPattern.value);
  switch (matchPattern.case) {
    case 'prefix':
      return (name) => fold(name).startsWith(wanted);
    case 'suffix':
      return (name) => fold(name).endsWith(wanted);
    case 'contains':
      return (name) => fold(name).includes(wanted);
    default:
      return (name) => fold(name) === wanted;
  }
}
