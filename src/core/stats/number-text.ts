/** Decimal texts of numbers as the printing functions that Envoy's outputs go through write them. */

/** C++ `std::to_chars`: the shortest digits that read back as the same number, plain unless the exponent form is shorter. Used in JSON. */
export function shortestText(value: number): string {
  if (isPlainInteger(value)) {
    const plain = String(value);
    // From 10^5 on, an integer that ends in zeros may be shorter with an exponent.
    if (value < 100_000 || value % 1_000 !== 0) return plain;
  }
  const { digits, exponent, sign } = decompose(value);
  const plain = sign + plainForm(digits, exponent);
  const scientific = sign + scientificForm(digits, exponent);
  return scientific.length < plain.length ? scientific : plain;
}

/** fmt's `{}`: shortest digits, with an exponent from 10^16 on and below 10^-4. */
export function roundTripText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (isPlainInteger(value)) return String(value);
  const { digits, exponent, sign } = decompose(value);
  return sign + (exponent < -4 || exponent >= 16 ? scientificForm(digits, exponent) : plainForm(digits, exponent));
}

/** C's `%.<precision>g`. */
export function generalText(value: number, precision: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (isPlainInteger(value) && value < 10 ** Math.min(precision, 15)) return String(value);
  if (value === 0) return '0';
  const [mantissa, exponentText] = value.toExponential(precision - 1).split('e');
  const exponent = Number(exponentText);
  const sign = value < 0 ? '-' : '';
  const digits = mantissa.replace(/^-|\./g, '').replace(/0+$/, '');
  return sign + (exponent < -4 || exponent >= precision ? scientificForm(digits, exponent) : plainForm(digits, exponent));
}

function isPlainInteger(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** value = 0.d₁d₂d₃… × 10^(exponent + 1) */
function decompose(value: number): { digits: string; exponent: number; sign: string } {
  const [mantissa, exponent] = Math.abs(value).toExponential().split('e');
  return { digits: mantissa.replace('.', ''), exponent: Number(exponent), sign: value < 0 ? '-' : '' };
}

function plainForm(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return digits.padEnd(exponent + 1, '0');
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

function scientificForm(digits: string, exponent: number): string {
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
  const power = String(Math.abs(exponent)).padStart(2, '0');
  return `${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${power}`;
}
