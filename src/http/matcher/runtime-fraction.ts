import type { RuntimeFractionalPercent } from '../../api/generated/envoy/config/core/v3.ts';
import { FractionalPercent_DenominatorType as Denominator, type FractionalPercent } from '../../api/generated/envoy/type/v3.ts';
import type { Runtime, RuntimeValue } from '../../core/runtime.ts';

/** A share of all requests, which the runtime may override. */
export interface RuntimeFraction {
  /** `randomValue` is a whole number, uniform over a range that is large against a million. */
  includes(randomValue: number): boolean;
}

export function compileRuntimeFraction(message: RuntimeFractionalPercent, runtime: Runtime): RuntimeFraction {
  const share = shareOf(message.defaultValue);
  return message.runtimeKey === '' ? new Fraction(share) : new OverridableFraction(share, message.runtimeKey, runtime);
}

/** So many percent, unless the runtime says otherwise. */
export function compileRuntimePercent(percent: number, runtimeKey: string, runtime: Runtime): RuntimeFraction {
  return new OverridableFraction({ numerator: percent, denominator: 100 }, runtimeKey, runtime);
}

/** `numerator` of `denominator`; 0 of 100 when nothing is given. */
export interface Share {
  readonly numerator: number;
  readonly denominator: number;
}

export function shareOf(percent: FractionalPercent | undefined): Share {
  return { numerator: percent?.numerator ?? 0, denominator: DENOMINATORS[percent?.denominator ?? Denominator.HUNDRED] };
}

const DENOMINATORS: Readonly<Record<Denominator, number>> = {
  [Denominator.HUNDRED]: 100,
  [Denominator.TEN_THOUSAND]: 10_000,
  [Denominator.MILLION]: 1_000_000,
};

class Fraction implements RuntimeFraction {
  readonly #share: Share;

  constructor(share: Share) {
    this.#share = share;
  }

  includes(randomValue: number): boolean {
    return randomValue % this.#share.denominator < this.#share.numerator;
  }
}

class OverridableFraction implements RuntimeFraction {
  readonly #default: Share;
  readonly #key: string;
  readonly #runtime: Runtime;
  #share: Share;
  #version: number;

  constructor(share: Share, key: string, runtime: Runtime) {
    this.#default = share;
    this.#key = key;
    this.#runtime = runtime;
    this.#version = runtime.version;
    this.#share = overridden(runtime.value(key)) ?? share;
  }

  includes(randomValue: number): boolean {
    const { version } = this.#runtime;
    if (version !== this.#version) {
      this.#version = version;
      this.#share = overridden(this.#runtime.value(this.#key)) ?? this.#default;
    }
    return randomValue % this.#share.denominator < this.#share.numerator;
  }
}

/** A number counts in percent. */
function overridden(value: RuntimeValue | undefined): Share | undefined {
  if (typeof value === 'object') return { numerator: value.numerator, denominator: DENOMINATORS[Denominator[value.denominator]] };
  return typeof value === 'number' && value >= 0 ? { numerator: Math.trunc(value), denominator: 100 } : undefined;
}
