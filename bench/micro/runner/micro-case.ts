/** What a file of `bench/micro/` exports: `export const cases: readonly MicroCase[]`. */
export interface MicroCase {
  /** What one operation does. */
  readonly name: string;
  /**
   * Does the operation `count` times. Returns something that depends on the work, so that the compiler cannot leave it
   * out. What the operation needs is made before, when the file is loaded.
   */
  run(count: number): unknown;
}

export interface MicroFigures {
  readonly name: string;
  readonly nsPerOperation: number;
  /** Slowest and fastest repetition: how far the figure can be trusted. */
  readonly lowNs: number;
  readonly highNs: number;
  /** On the JavaScript heap. */
  readonly bytesPerOperation: number;
}
