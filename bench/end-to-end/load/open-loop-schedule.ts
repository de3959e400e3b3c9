/**
 * The bookkeeping of an open-loop load: request n is due at n / rate whatever the answers do, and its latency counts from
 * when it was due. A server that stalls therefore makes all the requests late that came due meanwhile (no coordinated
 * omission). Times are µs since the start of the load. What is due in the warm-up is sent like the rest and forgotten.
 */
export class OpenLoopSchedule {
  readonly total: number;
  readonly #gapUs: number;
  readonly #recordFromUs: number;
  readonly #latenciesUs: Float64Array;
  readonly #lagsUs: Float64Array;
  #sent = 0;
  #answered = 0;
  #failed = 0;
  #recordedLatencies = 0;
  #recordedLags = 0;

  constructor(ratePerSecond: number, seconds: number, warmUpSeconds = 0) {
    this.#gapUs = 1e6 / ratePerSecond;
    this.#recordFromUs = warmUpSeconds * 1e6;
    this.total = Math.round(ratePerSecond * (seconds + warmUpSeconds));
    this.#latenciesUs = new Float64Array(this.total);
    this.#lagsUs = new Float64Array(this.total);
  }

  /** When the next request that has not been sent is due; Infinity after the last. */
  get nextDueUs(): number {
    return this.#sent < this.total ? this.#sent * this.#gapUs : Infinity;
  }

  get allSent(): boolean {
    return this.#sent === this.total;
  }

  get allAnswered(): boolean {
    return this.#answered + this.#failed === this.total;
  }

  /** Takes the next request, which must be due, and returns when it was due. */
  send(nowUs: number): number {
    const dueUs = this.nextDueUs;
    this.#sent++;
    if (dueUs >= this.#recordFromUs) this.#lagsUs[this.#recordedLags++] = nowUs - dueUs;
    return dueUs;
  }

  onAnswer(dueUs: number, nowUs: number): void {
    this.#answered++;
    if (dueUs >= this.#recordFromUs) this.#latenciesUs[this.#recordedLatencies++] = nowUs - dueUs;
  }

  onFailure(): void {
    this.#failed++;
  }

  /** Whatever has not been answered by the end counts as failed. */
  outcome(): { answered: number; failed: number; latenciesUs: Float64Array; lagsUs: Float64Array } {
    return {
      answered: this.#answered,
      failed: this.total - this.#answered,
      latenciesUs: this.#latenciesUs.slice(0, this.#recordedLatencies).sort(),
      lagsUs: this.#lagsUs.slice(0, this.#recordedLags).sort(),
    };
  }
}
