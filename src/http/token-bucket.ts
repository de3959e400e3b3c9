import type { Clock } from '../core/clock.ts';

export interface TokenBucketOptions {
  readonly maxTokens: number;
  readonly tokensPerSecond: number;
  /** At the start. */
  readonly tokens: number;
}

/** Tokens that come back evenly over time. */
export class TokenBucket {
  readonly maxTokens: number;
  readonly #clock: Clock;
  readonly #tokensPerMs: number;
  #tokens: number;
  #atMs: number;

  constructor(clock: Clock, { maxTokens, tokensPerSecond, tokens }: TokenBucketOptions) {
    this.maxTokens = maxTokens;
    this.#clock = clock;
    this.#tokensPerMs = tokensPerSecond / 1000;
    this.#tokens = tokens;
    this.#atMs = clock.monotonicMs();
  }

  /** Whole tokens that are there now. */
  get available(): number {
    this.#fill();
    return Math.floor(this.#tokens + ROUNDING);
  }

  tryTake(): boolean {
    return this.takeUpTo(1) === 1;
  }

  takeUpTo(wanted: number): number {
    const taken = Math.min(wanted, this.available);
    this.#tokens -= taken;
    return taken;
  }

  #fill(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#tokens = Math.min(this.maxTokens, this.#tokens + (nowMs - this.#atMs) * this.#tokensPerMs);
    this.#atMs = nowMs;
  }
}

/** A token that a sum of fractions has missed by a hair is there. */
const ROUNDING = 1e-9;
