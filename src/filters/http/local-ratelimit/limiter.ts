import type { Clock } from '../../../core/clock.ts';
import type { CountCells } from '../../../core/process-counts.ts';
import { ProcessTokenBucket, type ProcessTokenBucketOptions } from '../../../core/process-token-bucket.ts';
import { type Descriptor, descriptorKey } from '../../../http/rate-limit/descriptor.ts';
import { DynamicBuckets } from './dynamic-buckets.ts';
import type { DescriptorLimit, LimiterSettings } from './settings.ts';

/** Finds the cells of a bucket by a name that is its own within the limiter. */
export type FindCells = (name: string) => CountCells;

/** What was decided, and by which bucket; undefined = by none. */
export interface Decision {
  /** `shadow`: allowed, but a bucket was empty that is only watched. */
  readonly verdict: 'ok' | 'shadow' | 'limited';
  readonly bucket: ProcessTokenBucket | undefined;
  readonly tellsClient: boolean | undefined;
}

interface Match {
  readonly bucket: ProcessTokenBucket;
  readonly shadow: boolean;
  readonly descriptor: Descriptor;
}

const ALLOWED: Decision = { verdict: 'ok', bucket: undefined, tellsClient: undefined };
const REFUSED: Decision = { ...ALLOWED, verdict: 'limited' };

/** The buckets of one filter configuration: the default one, and those for descriptors. */
export class Limiter {
  readonly #default: ProcessTokenBucket | undefined;
  readonly #alwaysTakesDefault: boolean;
  readonly #sharers: (() => number) | undefined;
  readonly #fixed = new Map<string, { readonly bucket: ProcessTokenBucket; readonly shadow: boolean }>();
  readonly #dynamic: { readonly limit: DescriptorLimit; readonly buckets: DynamicBuckets }[] = [];

  constructor(settings: LimiterSettings, clock: Clock, findCells: FindCells) {
    const bucketOf = (name: string, options: ProcessTokenBucketOptions): ProcessTokenBucket => new ProcessTokenBucket(clock, findCells(name), options);
    this.#default = settings.bucket && bucketOf('', settings.bucket);
    this.#sharers = settings.sharers;
    this.#alwaysTakesDefault = settings.alwaysTakesDefault;
    for (const limit of settings.descriptors) {
      const name = descriptorKey(limit.entries);
      if (limit.isDynamic) this.#dynamic.push({ limit, buckets: new DynamicBuckets(limit.bucket, settings.maxDynamicDescriptors, clock, (slot) => findCells(`${name}\n${slot}`)) });
      else this.#fixed.set(name, { bucket: bucketOf(name, limit.bucket), shadow: limit.shadow });
    }
  }

  /** Takes a token for a request that has no descriptors. */
  decide(): Decision {
    const bucket = this.#default;
    if (bucket === undefined) return ALLOWED;
    // Of a bucket that never has a token there is nothing to tell.
    return bucket.maxTokens === 0 ? REFUSED : { verdict: this.#takes(bucket, 1) ? 'ok' : 'limited', bucket, tellsClient: undefined };
  }

  /** The slowest bucket is asked first, the default one last; the others keep their tokens when one is empty. */
  decideFor(descriptors: readonly Descriptor[]): Decision {
    const matches = this.#match(descriptors);
    const first = matches[0];
    if (first === undefined) return this.decide();
    let watched: Match | undefined;
    for (const match of matches) {
      const { hits } = match.descriptor;
      if (hits !== 0 && this.#takes(match.bucket, hits)) continue;
      if (!match.shadow) return decision('limited', match);
      watched ??= match;
    }
    if (this.#alwaysTakesDefault && this.#default !== undefined && !this.#takes(this.#default, 1)) return { verdict: 'limited', bucket: this.#default, tellsClient: undefined };
    return watched === undefined ? decision('ok', first) : decision('shadow', watched);
  }

  #takes(bucket: ProcessTokenBucket, hits: number): boolean {
    return bucket.tryTake(this.#sharers === undefined ? hits : hits * this.#sharers());
  }

  #match(descriptors: readonly Descriptor[]): Match[] {
    const matches: Match[] = [];
    for (const descriptor of descriptors) {
      const key = descriptorKey(descriptor.entries);
      const fixed = this.#fixed.get(key);
      if (fixed !== undefined) {
        matches.push({ ...fixed, descriptor });
        continue;
      }
      const dynamic = this.#dynamic.find(({ limit }) => fits(limit, descriptor));
      if (dynamic !== undefined) matches.push({ bucket: dynamic.buckets.find(key), shadow: dynamic.limit.shadow, descriptor });
    }
    return matches.length < 2 ? matches : matches.sort((a, b) => b.bucket.usPerToken - a.bucket.usPerToken);
  }
}

function decision(verdict: Decision['verdict'], { bucket, descriptor: { tellsClient } }: Match): Decision {
  return { verdict, bucket, tellsClient };
}

/** Keys as they are, in order; a value that the configuration leaves open is any. */
function fits({ entries }: DescriptorLimit, { entries: given }: Descriptor): boolean {
  if (entries.length !== given.length) return false;
  return entries.every(({ key, value }, at) => key === given[at]!.key && (value === '' || value === given[at]!.value));
}
