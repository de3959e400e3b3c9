import type { RuntimeFilter as RuntimeFilterMessage } from '../../api/generated/envoy/config/accesslog/v3.ts';
import type { Random } from '../../core/random.ts';
import type { Runtime } from '../../core/runtime.ts';
import type { AccessLogEntry } from '../access-log.ts';
import type { AccessLogFilter } from './filter.ts';

const DENOMINATORS = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 } as const;
const BY_ENUM = [DENOMINATORS.HUNDRED, DENOMINATORS.TEN_THOUSAND, DENOMINATORS.MILLION];

/**
 * Samples. The request id decides, so that all proxies on a request's way take the same ones; where it says nothing, or
 * `use_independent_randomness` is set, chance does.
 */
export class RuntimeFilter implements AccessLogFilter {
  readonly #key: string;
  readonly #numerator: number;
  readonly #denominator: number;
  readonly #independent: boolean;
  readonly #runtime: Runtime;
  readonly #random: Random;

  constructor(message: RuntimeFilterMessage, runtime: Runtime, random: Random) {
    this.#key = message.runtimeKey;
    this.#numerator = message.percentSampled?.numerator ?? 0;
    this.#denominator = BY_ENUM[message.percentSampled?.denominator ?? 0] ?? 100;
    this.#independent = message.useIndependentRandomness;
    this.#runtime = runtime;
    this.#random = random;
  }

  matches({ info }: AccessLogEntry): boolean {
    const id = this.#independent ? undefined : idNumber(info.requestId);
    if (id === undefined) return this.#byChance();
    return id % this.#denominator < this.#runtime.number(this.#key, this.#numerator);
  }

  #byChance(): boolean {
    const value = this.#runtime.value(this.#key);
    if (typeof value === 'number') return this.#random.uint32() % 100 < value;
    if (typeof value === 'object') return this.#random.uint32() % DENOMINATORS[value.denominator] < value.numerator;
    return this.#random.uint32() % this.#denominator < this.#numerator;
  }
}

/** The first eight hexadecimal digits. */
function idNumber(requestId: string): number | undefined {
  const digits = requestId.substring(0, 8);
  return /^[0-9a-fA-F]{8}$/.test(digits) ? Number.parseInt(digits, 16) : undefined;
}
