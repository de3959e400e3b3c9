/** What a client's Accept-Encoding makes of the compressors that could serve it (RFC 9110 §12.5.3, as Envoy reads it). */
export interface EncodingDecision {
  readonly encoding: string;
  readonly reason: 'valid' | 'identity' | 'wildcard' | 'not-valid';
}

const NOT_VALID: EncodingDecision = { encoding: 'identity', reason: 'not-valid' };

/** What a compressor of the chain can do for a client. */
export interface Offered {
  readonly encoding: string;
  /** Of two encodings that the client likes alike it is the one registered first. */
  readonly chooseFirst: boolean;
}

/** `offers`: in the order of their filters. */
export function chooseEncoding(acceptEncoding: string, offers: readonly Offered[]): EncodingDecision {
  const wishes = wishesOf(acceptEncoding);
  // Refused is refused, whatever else is said of it.
  const available = offers.map(({ encoding }) => encoding).filter((encoding) => !wishes.some((wish) => wish.weight === 0 && wish.encoding === encoding));
  if (available.length === 0) return NOT_VALID;
  let choice = 'identity';
  let best = 0;
  for (const { encoding, weight } of wishes) {
    if (!available.includes(encoding) && encoding !== 'identity' && encoding !== '*') continue;
    if (weight > best || (weight === best && best > 0 && comesFirst(encoding, choice, offers))) {
      choice = encoding;
      best = weight;
    }
  }
  if (best === 0) return NOT_VALID;
  if (choice === 'identity') return { encoding: choice, reason: 'identity' };
  return choice === '*' ? { encoding: available[0]!, reason: 'wildcard' } : { encoding: choice, reason: 'valid' };
}

interface Wish {
  readonly encoding: string;
  readonly weight: number;
}

/** One with a weight that is no number does not count. */
function wishesOf(acceptEncoding: string): Wish[] {
  const wishes: Wish[] = [];
  for (const token of acceptEncoding.split(',')) {
    const semicolon = token.indexOf(';');
    const encoding = (semicolon < 0 ? token : token.slice(0, semicolon)).trim();
    const weight = semicolon < 0 ? 1 : weightOf(token.slice(semicolon + 1));
    if (weight !== undefined) wishes.push({ encoding, weight });
  }
  return wishes;
}

function comesFirst(encoding: string, choice: string, offers: readonly Offered[]): boolean {
  const chosen = offers.findIndex((offer) => offer.encoding === choice);
  return offers.some((offer, index) => offer.encoding === encoding && offer.chooseFirst && index < chosen);
}

/** Undefined: `q` is no number. */
function weightOf(parameters: string): number | undefined {
  const equals = parameters.indexOf('=');
  if (equals < 0 || parameters.slice(0, equals).trim().toLowerCase() !== 'q') return 1;
  const text = parameters.slice(equals + 1).trim();
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}
