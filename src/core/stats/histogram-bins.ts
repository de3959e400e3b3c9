/**
 * The bins of circllhist: two significant decimal digits. A value v in [10^e, 10^(e+1)) lies in the bin of its first two digits, so a decade
 * has 90 bins (1.0, 1.1, … 9.9, times 10^e). Zero has a bin of its own.
 *
 * A histogram is kept as *runs*: run 0 holds the zero bin, every other run the 90 bins of one decade. Bin number = run × 90 + offset in the run,
 * so that the order of numbers is the order of values.
 */

export const BINS_PER_DECADE = 90;

/** Values below 10^-9 count as zero, values from 10^21 on as the last bin. */
const SMALLEST_EXPONENT = -9;
const LARGEST_EXPONENT = 20;
const EXPONENT_OFFSET = 1 - SMALLEST_EXPONENT;

const RUN_COUNT = LARGEST_EXPONENT + EXPONENT_OFFSET + 1;
const LAST_BIN = RUN_COUNT * BINS_PER_DECADE - 1;

export function runLength(run: number): number {
  return run === 0 ? 1 : BINS_PER_DECADE;
}

/** `value` is not negative and not NaN; anything else counts as zero. */
export function binOf(value: number): number {
  if ((value | 0) === value && value < TABLE_SIZE && value >= 0) return SMALL_VALUES[value];
  return value > 0 ? computeBin(value) : 0;
}

/** Lower edge of the bin. */
export function binLeft(bin: number): number {
  if (bin === 0) return 0;
  return ((10 + (bin % BINS_PER_DECADE)) / 10) * decadeOf(bin);
}

export function binWidth(bin: number): number {
  return bin === 0 ? 0 : decadeOf(bin) / 10;
}

const POWERS: readonly number[] = Array.from({ length: RUN_COUNT }, (_, run) => Number(`1e${run - EXPONENT_OFFSET}`));

function decadeOf(bin: number): number {
  return POWERS[Math.floor(bin / BINS_PER_DECADE)];
}

const TABLE_SIZE = 10_000;
const SMALL_VALUES = new Uint16Array(TABLE_SIZE);
for (let value = 1; value < TABLE_SIZE; value++) SMALL_VALUES[value] = value < 10 ? binNumber(0, value * 10) : computeWholeBin(value);

function computeBin(value: number): number {
  if (value >= 1e21) return LAST_BIN;
  if (value < 1e-9) return 0;
  // From 10 on the edges of the bins are whole numbers.
  if (value >= 10) return value < TABLE_SIZE ? binOf(Math.floor(value)) : computeWholeBin(value);
  if (value >= 1) return binNumber(0, Math.floor(value * 10 + 1e-13));
  const exponent = Math.floor(Math.log10(value));
  // The margin keeps 0.11 out of the bin of 0.10: the quotient may be a rounding error too small.
  const digits = Math.floor((value / POWERS[exponent + EXPONENT_OFFSET]) * 10 + 1e-13);
  return binNumber(exponent, digits);
}

/** Of a value from 10 on. */
function computeWholeBin(value: number): number {
  let digits = Math.floor(value);
  let exponent = 1;
  while (digits >= 100) {
    digits = Math.floor(digits / 10);
    exponent++;
  }
  return binNumber(exponent, digits);
}

/** `digits` may have been rounded up to 100. */
function binNumber(exponent: number, digits: number): number {
  return Math.min(LAST_BIN, (exponent + EXPONENT_OFFSET) * BINS_PER_DECADE + digits - 10);
}
